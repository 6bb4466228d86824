"""Sentence encoders as sentence-transformers itself saves them, tiny and of many modules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checkpoints import write_checkpoint

WIDTH = 32


def sentence_folder(folder: Path, build: Any) -> Path:
    """Save a tiny BERT with what ``build(models)`` gives after it."""
    library = pytest.importorskip("sentence_transformers", reason="it writes the expected side")
    models = pytest.importorskip("sentence_transformers.models", reason="it writes the expected side")
    torch = pytest.importorskip("torch", reason="sentence-transformers needs it")
    torch.manual_seed(0)
    base = write_checkpoint(folder / "base", "bert")
    transformer = models.Transformer(str(base), max_seq_length=24)
    library.SentenceTransformer(modules=[transformer, *build(models)], device="cpu").save(str(folder / "st"))
    return folder / "st"


def encoded_by_source(folder: Path, texts: list[str]) -> Any:
    """What the library itself gives. Shape: ``(texts, columns)``."""
    library = pytest.importorskip("sentence_transformers", reason="it is the expected side")
    return library.SentenceTransformer(str(folder), device="cpu").encode(texts, batch_size=1)


COMPOSITIONS: dict[str, Any] = {
    **{mode: lambda m, mode=mode: [m.Pooling(WIDTH, mode)]
       for mode in ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")},
    "two poolings": lambda m: [m.Pooling(WIDTH, pooling_mode_mean_tokens=True, pooling_mode_max_tokens=True)],
    "dense": lambda m: [m.Pooling(WIDTH, "mean"), m.Dense(WIDTH, 8)],
    "dense, dropout and norm": lambda m: [m.Pooling(WIDTH, "cls"), m.Dense(WIDTH, 16), m.Dropout(0.1), m.Normalize()],
    "layer norm": lambda m: [m.Pooling(WIDTH, "mean"), m.LayerNorm(WIDTH)],
}  # fmt: skip
