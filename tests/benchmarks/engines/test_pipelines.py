from __future__ import annotations

from typing import Any

import numpy as np

from claxon_bench.engines.pipelines import Pipeline


def test_probabilities_stand_in_the_order_of_the_labels() -> None:
    asked = []

    def pipeline(texts: list[str], **options: Any) -> list[list[dict[str, Any]]]:
        asked.append(options)
        return [[{"label": "POSITIVE", "score": 0.9}, {"label": "NEGATIVE", "score": 0.1}] for _ in texts]

    engine = Pipeline.__new__(Pipeline)
    engine._pipeline = pipeline
    engine._columns = {"NEGATIVE": 0, "POSITIVE": 1}
    engine._words = {"truncation": True, "max_length": 9, "top_k": None}
    engine._batch_size = 32
    found = engine(["a", "b"], None)
    assert found.dtype == np.float32
    assert np.allclose(found, [[0.1, 0.9], [0.1, 0.9]])
    assert asked == [{"batch_size": 32, "truncation": True, "max_length": 9, "top_k": None}]
