"""The numpy side of modules.json against SentenceTransformer's own modules."""

from __future__ import annotations

import numpy as np
import pytest

from claxon_export.checkpoint.sentence_modules import PoolingMode, SentenceModules
from claxon_export.parity.composition import sentence_embedding

STATES = np.random.default_rng(0).normal(size=(2, 5, 4)).astype(np.float32)


def _embedding(*modes: PoolingMode, truncate_dim: int | None = None) -> np.ndarray:
    return sentence_embedding(STATES, SentenceModules(modes, (), ()), truncate_dim)


@pytest.mark.parametrize("mode", PoolingMode)
def test_each_pooling_is_sentence_transformers(mode: PoolingMode) -> None:
    torch = pytest.importorskip("torch", reason="the expected side needs it")
    models = pytest.importorskip("sentence_transformers.models", reason="it is the expected side")
    features = {"token_embeddings": torch.from_numpy(STATES), "attention_mask": torch.ones(2, 5, dtype=torch.int64)}
    expected = models.Pooling(4, str(mode))(features)["sentence_embedding"].numpy()
    np.testing.assert_allclose(_embedding(mode), expected, rtol=0, atol=1e-6)


def test_several_poolings_stand_side_by_side_and_are_cut() -> None:
    both = _embedding(PoolingMode.CLS, PoolingMode.MEAN)
    np.testing.assert_allclose(both, np.concatenate([STATES[:, 0], STATES.mean(axis=1)], axis=1), atol=1e-6)
    np.testing.assert_array_equal(_embedding(PoolingMode.CLS, PoolingMode.MEAN, truncate_dim=3), both[:, :3])
