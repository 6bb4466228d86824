"""Forty labeled texts, and heads fitted on them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

import claxon
from claxon.bundle.bundle import Bundle
from claxon_export.training.fitting import fit
from claxon_export.training.report import FitReport

GOOD = ["great", "good", "love", "works"]
BAD = ["awful", "bad", "hate", "broke"]
THINGS = ["book", "phone", "film", "food", "room"]
TEXTS = [f"the {thing} is {word}" for word in [*GOOD, *BAD] for thing in THINGS]
TARGETS = ["good"] * 20 + ["bad"] * 20


def encoded(bundle: Path, texts: Iterable[str], feature: str = "embedding") -> np.ndarray[Any, Any]:
    """A feature of texts. Shape: ``(texts, width)``."""
    with claxon.Encoder.load(bundle) as encoder:
        return encoder.encode(texts, feature=feature)


def fit_words(bundle: Path, **options: Any) -> FitReport:
    """Fit the head ``mood`` on the forty texts."""
    return fit(bundle, TEXTS, TARGETS, **({"head": "mood"} | options))


def assert_untouched(bundle: Path) -> None:
    """Fail if the bundle got a head."""
    assert Bundle.open(bundle).manifest.heads == ()
