"""Labelled texts -> a LogisticRegression on the bundle's own features -> one more head."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from claxon.bundle import Bundle
from claxon.encoder import Encoder
from claxon.errors import OptionError
from claxon.features import chosen_feature
from claxon.manifest import Feature, LabelValue
from claxon.texts import check_texts
from claxon_export.errors import TrainingError
from claxon_export.head_files import check_head_is_new, with_head
from claxon_export.heads import logistic_head
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
        force: Replace a head of that name.
        show_progress_bar: Draw one on standard error.

    Raises:
        TrainingError: not one label a text, fewer than two different labels, a label that is empty or of another type,
            or texts too few to hold some out.
        OptionError: an option's value cannot be met.
        HeadError: the name is taken, and ``force`` was not given.
        MissingDependencyError: scikit-learn or skl2onnx is not installed.
    """
    opened = Bundle.open(bundle)
    check_head_is_new(opened, head, force=force)
    chosen = chosen_feature(opened.manifest.encoder, feature)
    _check_options(test_size, class_weight, C, max_iter, seed)
    rows, targets = check_texts(texts), _targets(labels)
    _check_rows(rows, targets)
    split = _split(targets, test_size, seed)
    with Encoder.from_bundle(opened) as encoder:
        features = encoder.encode(rows, feature=chosen, show_progress_bar=show_progress_bar, on_truncation="ignore")
    estimator = _estimator(C, max_iter, class_weight)
    _fit(estimator, features[split.train], targets[split.train])
    scores = _judge(estimator, features, targets, split)
    graph = logistic_head(estimator, feature=chosen, width=features.shape[1])
    details = {**graph.details, **_details(rows, split, seed, scores)}
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


def _targets(labels: Iterable[LabelValue]) -> Array:
    """The labels as one array of strings, integers or booleans."""
    values = labels.to_pylist() if hasattr(labels, "to_pylist") else labels  # an Arrow column's own items are no values
    plain = [_target(row, label) for row, label in enumerate(values)]
    kinds = sorted({type(label).__name__ for label in plain})
    if len(kinds) > 1:
        raise TrainingError(f"labels are of several types, {', '.join(kinds)}; expected one")
    return np.array(plain)


def _target(row: int, label: Any) -> LabelValue:
    plain = label.item() if isinstance(label, np.generic) else label
    if type(plain) not in (str, int, bool):
        kind = type(label).__name__
        raise TrainingError(f"row {row} has the label {label!r:.80} ({kind}), expected str, int or bool")
    if plain == "":
        raise TrainingError(f"row {row} has an empty label; label it, or leave it out")
    value: LabelValue = plain
    return value


def _check_rows(texts: Sequence[str], targets: Array) -> None:
    if len(texts) != len(targets):
        raise TrainingError(f"{len(texts)} texts and {len(targets)} labels; expected one label a text")
    counts = Counter(targets.tolist())
    if len(counts) < 2:
        raise TrainingError(f"found {len(counts)} label(s) in {len(texts)} texts, expected two or more")


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


def _details(texts: Sequence[str], split: _Split, seed: int, scores: _Scores) -> dict[str, LabelValue]:
    details: dict[str, LabelValue] = {
        "training_texts": len(split.train),
        "held_out_texts": len(split.test),
        "seed": seed,
        "texts_sha256": hashlib.sha256("\0".join(texts).encode()).hexdigest(),
    }
    if scores.accuracy is not None and scores.baseline is not None:
        details |= {"held_out_accuracy": scores.accuracy, "baseline_accuracy": scores.baseline}
    return details
