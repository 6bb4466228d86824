"""Claxon classifies text with small transformer encoders, on ONNX Runtime, without PyTorch.

>>> import claxon
>>> clf = claxon.load("my-bundle", head="sentiment")
>>> clf.predict(["great book"])
array(['positive'], dtype='<U8')
"""

from __future__ import annotations

from claxon.bundle import Bundle
from claxon.classifier import Classifier
from claxon.decision import Label
from claxon.encoder import Encoder
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
    TokenizationError,
    TruncatedTextError,
)
from claxon.features import Features
from claxon.label_checks import LabelWarning
from claxon.label_sets import LabelSet
from claxon.predictions import Predictions
from claxon.texts import FailedRow
from claxon.truncation import TruncationWarning
from claxon.version import __version__

load = Classifier.load

__all__ = [
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
    "Predictions",
    "TokenizationError",
    "TruncatedTextError",
    "TruncationWarning",
    "__version__",
    "load",
]
