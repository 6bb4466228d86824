from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from claxon_bench.engines.optimum_models import OptimumModel, pool, softmax

STATES = np.arange(12, dtype=np.float32).reshape(1, 3, 4)


def test_mean_leaves_padding_out() -> None:
    found = pool(STATES, np.array([[1, 1, 0]]), pooling="mean", normalize=False)
    assert found.tolist() == [[2, 3, 4, 5]]


def test_cls_is_the_first_token() -> None:
    assert pool(STATES, np.ones((1, 3)), pooling="cls", normalize=False).tolist() == [[0, 1, 2, 3]]


def test_norm_is_one_where_asked_for() -> None:
    assert np.linalg.norm(pool(STATES, np.ones((1, 3)), pooling="mean", normalize=True)) == pytest.approx(1)


def test_probabilities_sum_to_one() -> None:
    found = softmax(np.array([[1000.0, 0.0], [1.0, 1.0]], np.float32))
    assert found.tolist() == [[1, 0], [0.5, 0.5]]


def test_batches_keep_the_order_of_the_texts() -> None:
    sizes = []

    def tokenizer(texts: list[str], **options: Any) -> dict[str, Any]:
        sizes.append((len(texts), options["max_length"]))
        return {"attention_mask": np.ones((len(texts), 1)), "input_ids": np.array([[len(text)] for text in texts])}

    def model(**inputs: Any) -> Any:
        return SimpleNamespace(last_hidden_state=np.repeat(inputs["input_ids"][:, :, None], 2, axis=2))

    engine = OptimumModel.__new__(OptimumModel)
    engine._tokenizer, engine._model = tokenizer, model
    engine._setup = {"kind": "encoder", "batch_size": 2, "max_tokens": 9, "pooling": "mean", "normalize": False}  # type: ignore[typeddict-item]
    assert engine(["a", "bbb", "cc"], None).tolist() == [[1, 1], [3, 3], [2, 2]]
    assert sizes == [(2, 9), (1, 9)]
