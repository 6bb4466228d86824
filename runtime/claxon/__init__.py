"""Claxon classifies text with small transformer encoders, on ONNX Runtime, without PyTorch.

>>> import claxon
>>> clf = claxon.load("my-bundle", head="sentiment")
>>> clf.predict(["great book"])
array(['positive'], dtype='<U8')
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from claxon.batcher import Batcher
from claxon.bundle.bundle import Bundle
from claxon.classifier import Classifier
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import Features
from claxon.errors import (
    BundleError,
    BundleNotFoundError,
    ClaxonError,
    ClosedError,
    DeviceError,
    EngineError,
    InputError,
    IntegrityError,
    MissingDependencyError,
    OptionError,
    OutputError,
    OverloadedError,
    RequestTimeoutError,
    TokenizationError,
    TruncatedTextError,
)
from claxon.heads.decision import Label
from claxon.heads.label_checks import LabelWarning
from claxon.heads.label_sets import LabelSet
from claxon.predictions import Predictions
from claxon.text.inputs import FailedRow
from claxon.text.truncation import TruncationWarning
from claxon.version import __version__

load = Classifier.load

__all__ = [
    "Batcher",
    "Bundle",
    "BundleError",
    "BundleNotFoundError",
    "Classifier",
    "ClaxonError",
    "ClosedError",
    "DeviceError",
    "Encoder",
    "EngineError",
    "FailedRow",
    "Features",
    "InputError",
    "IntegrityError",
    "Label",
    "LabelSet",
    "LabelWarning",
    "MissingDependencyError",
    "OptionError",
    "OutputError",
    "OverloadedError",
    "Predictions",
    "RequestTimeoutError",
    "TokenizationError",
    "TruncatedTextError",
    "TruncationWarning",
    "__version__",
    "load",
]

# Imported when they are first used: they need more than this package does.
_LAZY = ("jobs", "pandas", "ray", "sklearn", "spark")


def __getattr__(name: str) -> Any:
    """``claxon.jobs``, ``claxon.sklearn`` and the like, without an import of their own."""
    if name in _LAZY:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names."""
    return sorted([*__all__, *_LAZY])
