"""SetFit's folders: a sentence encoder, and beside it a pickled scikit-learn classifier on its embeddings."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from claxon.bundle.manifest import EncoderSpec, Feature, LabelValue
from claxon.encoder.features import chosen_feature
from claxon.errors import OptionError
from claxon_export.checkpoint.hub import read_json
from claxon_export.errors import HeadError
from claxon_export.heads.estimator import estimator_head
from claxon_export.heads.head_graph import HeadGraph
from claxon_export.requirements import required

HEAD_FILE, SETTINGS_FILE = "model_head.pkl", "config_setfit.json"


def is_setfit(folder: Path) -> bool:
    """Whether a checkpoint's folder has a head of SetFit."""
    return (folder / HEAD_FILE).is_file()


def check_trust(folder: Path, *, is_trusted: bool) -> None:
    """Say what happens to a pickled head that nobody trusts, and to trust in what is no head.

    Raises:
        OptionError: the folder is trusted, and has no pickled head.
    """
    if is_trusted and not is_setfit(folder):
        raise OptionError(f"{folder} has no {HEAD_FILE}, so there is no pickle to trust; leave --trust-pickle out")
    if not is_trusted and is_setfit(folder):
        warnings.warn(
            f"{folder / HEAD_FILE} is a pickle, which can run any code when it is opened, so its head is left out; "
            "--trust-pickle (trust_pickle=True) takes it, if you made it or trust whoever did",
            UserWarning,
            stacklevel=4,
        )


def setfit_head(folder: Path, encoder: EncoderSpec) -> HeadGraph:
    """The head of a folder that is trusted: opening it runs the code in it.

    Raises:
        HeadError: it cannot be opened, or is not a scikit-learn classifier that can become a head.
        OptionError: the encoder has no such embedding as SetFit's head reads.
    """
    settings = read_json(folder / SETTINGS_FILE) if (folder / SETTINGS_FILE).is_file() else {}
    feature = Feature.EMBEDDING if settings.get("normalize_embeddings") else chosen_feature(encoder, None)
    estimator = _opened(folder / HEAD_FILE)
    labels = _labels(settings.get("labels"), getattr(estimator, "classes_", ()))
    return estimator_head(estimator, feature=feature, width=encoder.features[feature], labels=labels)


def _opened(path: Path) -> Any:
    try:
        return required("joblib").load(path)
    except Exception as error:  # unpickling runs code of any kind, which may raise anything
        raise HeadError(f"{path} cannot be opened with joblib: {type(error).__name__}: {error}") from error


def _labels(names: Sequence[str] | None, classes: Any) -> list[LabelValue] | None:
    """SetFit's names of the classes, where those are numbers; ``None`` takes the classes as they are."""
    if not names or not np.issubdtype(np.asarray(classes).dtype, np.integer):
        return None
    if not 0 <= min(classes) <= max(classes) < len(names):
        raise HeadError(f"{SETTINGS_FILE} names {len(names)} labels, but the classes are {list(classes)}")
    return [names[number] for number in classes]
