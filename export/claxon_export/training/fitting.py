"""Labelled texts -> a LogisticRegression on the bundle's own features -> one more head."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from claxon.bundle import Bundle
from claxon.encoder import Encoder
from claxon.errors import OptionError
from claxon.features import chosen_feature
from claxon.manifest import Feature, LabelValue
from claxon.precision import AUTO
from claxon_export.errors import TrainingError
from claxon_export.feature_cache import cached_features
from claxon_export.head_files import check_head_is_new, with_head
from claxon_export.heads import logistic_head
from claxon_export.labelled import LabelledTexts
from claxon_export.requirements import required

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class FitReport:
    """What was fitted, and how well it does on the texts that were held out.

    Attributes:
        accuracy: Share of held-out texts labelled right; ``None`` where none were held out.
        baseline_accuracy: The same for always naming the commonest label of the training texts.
    """

    bundle: Bundle
    head: str
    feature: Feature
    labels: tuple[LabelValue, ...]
    n_train: int
    n_test: int
    accuracy: float | None
    baseline_accuracy: float | None


def fit(
    bundle: str | os.PathLike[str],
    texts: Iterable[str],
    labels: Iterable[LabelValue],
    *,
    head: str,
    feature: str | None = None,
    C: float = 1.0,  # noqa: N803 - scikit-learn's name
    max_iter: int = 1000,
    class_weight: str | None = None,
    test_size: float = 0.2,
    seed: int = 0,
    cache: bool = True,
    force: bool = False,
    show_progress_bar: bool = False,
) -> FitReport:
    """Train a LogisticRegression on the bundle's features and add it to the bundle.

    A part of the texts is held out to judge it; the head that is added learns from the others alone, so that the figure
    is its own.

    Args:
        bundle: The bundle's folder.
        texts: As for ``Encoder.encode``.
        labels: One a text: strings, integers or booleans.
        head: The head's name.
        feature: ``embedding``, ``mean`` or ``cls``; left out, the source's sentence embedding.
        C: Inverse strength of regularisation, as scikit-learn has it.
        max_iter: Steps of the solver at most; it warns if they do not suffice.
        class_weight: ``None`` or ``balanced``.
        test_size: Share of texts held out, 0 for none.
        seed: Of the split.
        cache: Look the texts' features up among those kept from other calls, and keep them.
        force: Replace a head of that name.
        show_progress_bar: Draw one on standard error.

    Raises:
        LabelError: not one label a text, a label that is empty or of another type.
        TrainingError: fewer than two different labels, or texts too few to hold some out.
        OptionError: an option's value cannot be met.
        HeadError: the name is taken, and ``force`` was not given.
        MissingDependencyError: scikit-learn or skl2onnx is not installed.
    """
    opened = Bundle.open(bundle)
    check_head_is_new(opened, head, force=force)
    chosen = chosen_feature(opened.manifest.encoder, feature)
    _check_options(test_size, class_weight, C, max_iter, seed)
    labelled = LabelledTexts.of(texts, labels)
    if labelled.notice is not None:
        warnings.warn(labelled.notice, UserWarning, stacklevel=2)
    targets = np.array(labelled.labels)
    _check_classes(targets)
    split = _split(targets, test_size, seed)
    with Encoder.from_bundle(opened) as encoder:
        features = cached_features(
            encoder,
            labelled.texts,
            features=[chosen],
            cache=cache,
            precision=AUTO,
            show_progress_bar=show_progress_bar,
        )[chosen]
    estimator = _estimator(C, max_iter, class_weight)
    _fit(estimator, features[split.train], targets[split.train])
    scores = _judge(estimator, features, targets, split)
    graph = logistic_head(estimator, feature=chosen, width=features.shape[1])
    details = {**graph.details, **_details(labelled, split, seed, scores)}
    added = with_head(bundle, head, replace(graph, details=details), force=force)
    return FitReport(
        added, head, chosen, graph.labels, len(split.train), len(split.test), scores.accuracy, scores.baseline
    )


@dataclass(frozen=True, slots=True)
class _Split:
    train: Array
    test: Array


@dataclass(frozen=True, slots=True)
class _Scores:
    accuracy: float | None
    baseline: float | None


def _check_options(test_size: float, class_weight: str | None, strength: float, max_iter: int, seed: int) -> None:
    if not 0 <= test_size < 1:
        raise OptionError(f"test_size is {test_size!r}, expected 0 or more and below 1")
    if class_weight not in (None, "balanced"):
        raise OptionError(f"class_weight is {class_weight!r}, expected None or 'balanced'")
    if not strength > 0:
        raise OptionError(f"C is {strength!r}, expected above 0")
    if max_iter < 1:
        raise OptionError(f"max_iter is {max_iter!r}, expected 1 or more")
    if not 0 <= seed < 1 << 32:
        raise OptionError(f"seed is {seed!r}, expected 0 to {(1 << 32) - 1}")


def _check_classes(targets: Array) -> None:
    counts = Counter(targets.tolist())
    if len(counts) < 2:
        raise TrainingError(f"found {len(counts)} label(s) in {len(targets)} texts, expected two or more")


def _split(targets: Array, test_size: float, seed: int) -> _Split:
    """Held-out rows, every label with its share of them where it has enough rows."""
    selection = required("sklearn.model_selection")
    rows = np.arange(len(targets))
    if test_size == 0:
        return _Split(rows, rows[:0])
    n_test = round(len(rows) * test_size)
    if n_test < 1 or n_test > len(rows) - 2:
        raise TrainingError(f"{len(rows)} texts are too few to hold out {test_size:.0%}; give --test-size 0")
    counts = Counter(targets.tolist())
    can_stratify = min(counts.values()) >= 2 and n_test >= len(counts) <= len(rows) - n_test
    train, test = selection.train_test_split(
        rows, test_size=n_test, random_state=seed, stratify=targets if can_stratify else None
    )
    lost = sorted(counts.keys() - set(targets[train].tolist()))
    if lost:
        raise TrainingError(
            f"every text with the label {lost[0]!r} was held out, so it would not be learnt; "
            "give more texts of it, or --test-size 0"
        )
    return _Split(train, test)


def _estimator(strength: float, max_iter: int, class_weight: str | None) -> Any:
    linear_model = required("sklearn.linear_model")
    return linear_model.LogisticRegression(C=strength, max_iter=max_iter, class_weight=class_weight)


def _fit(estimator: Any, features: Array, targets: Array) -> None:
    not_converged = required("sklearn.exceptions").ConvergenceWarning
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", not_converged)
        try:
            estimator.fit(features, targets)
        except ValueError as error:
            raise TrainingError(f"scikit-learn cannot fit the labels: {error}") from error
    if any(issubclass(warning.category, not_converged) for warning in caught):
        warnings.warn(
            f"the solver stopped after {estimator.max_iter} steps before it converged; give a larger max_iter",
            UserWarning,
            stacklevel=3,
        )


def _judge(estimator: Any, features: Array, targets: Array, split: _Split) -> _Scores:
    if not len(split.test):
        return _Scores(None, None)
    commonest = Counter(targets[split.train].tolist()).most_common(1)[0][0]
    truth = targets[split.test]
    found = estimator.predict(features[split.test])
    return _Scores(float((found == truth).mean()), float((truth == commonest).mean()))


def _details(labelled: LabelledTexts, split: _Split, seed: int, scores: _Scores) -> dict[str, LabelValue]:
    details: dict[str, LabelValue] = {
        "training_texts": len(split.train),
        "held_out_texts": len(split.test),
        "seed": seed,
        "data_sha256": labelled.sha256,
    }
    if scores.accuracy is not None and scores.baseline is not None:
        details |= {"held_out_accuracy": scores.accuracy, "baseline_accuracy": scores.baseline}
    return details
