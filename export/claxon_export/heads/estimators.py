"""A fitted scikit-learn estimator -> its steps, what it answers, and its labels; or why it cannot be a head."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import LabelValue, ScoreKind
from claxon_export.errors import HeadError
from claxon_export.heads.head_graph import Array, check_finite, check_labels, plain_label
from claxon_export.heads.unwrapping import Step, plain, refusal, steps_of
from claxon_export.requirements import required

LOGISTIC = ("LogisticRegression", "LogisticRegressionCV")
ONE_VS_REST = "OneVsRestClassifier"
MULTI_OUTPUT = "MultiOutputClassifier"
# What a number is called where nobody names it.
NUMBER = "value"


@dataclass(frozen=True, slots=True)
class FittedClassifier:
    """An estimator that may become a head.

    Attributes:
        estimator: As it was given.
        scalers: Its fitted steps before the last, without those that do nothing.
        classifier: Its last step, or what says the same: with classes 0, 1, ...
        classes: In the order of the scores' columns.
        width: Number of features that it takes.
        details: For people.
        scores: What it answers.
        steps: All steps under their names, for messages.
    """

    estimator: Any
    scalers: tuple[Any, ...]
    classifier: Any
    classes: tuple[LabelValue, ...]
    width: int
    details: dict[str, LabelValue]
    scores: ScoreKind
    steps: tuple[Step, ...]

    @property
    def is_logistic(self) -> bool:
        """Whether it is a logistic regression that chooses one label."""
        last = self.steps[-1].estimator
        inner = getattr(last, "estimator", last)
        return self.scores is ScoreKind.PROBABILITY and type(inner).__name__ in LOGISTIC


def read_estimator(estimator: Any) -> FittedClassifier:
    """Take an estimator apart.

    Raises:
        HeadError: a step that cannot become part of a head, by name; not fitted; too few classes; NaN or infinity among
            the coefficients.
        MissingDependencyError: scikit-learn is not installed.
    """
    sklearn = required("sklearn")
    *before, last = steps_of(estimator)
    for step in before:
        if not hasattr(step.estimator, "transform"):
            raise refusal(step, "which transforms nothing, and cannot be here in a head")
    scores = _score_kind(last)
    classes = _classes(last, scores)
    check_labels(classes, scores)
    return FittedClassifier(
        estimator=estimator,
        scalers=tuple(step.estimator for step in before),
        classifier=_with_plain_classes(_flat(last, scores)),
        classes=classes,
        width=_width([*before, last]),
        details=_details([*(step.estimator for step in before), last.estimator], sklearn.__version__),
        scores=scores,
        steps=(*before, last),
    )


def _score_kind(last: Step) -> ScoreKind:
    estimator = last.estimator
    is_regressor = required("sklearn.base").is_regressor(estimator)
    if is_regressor:
        return ScoreKind.REGRESSION
    if not hasattr(estimator, "predict") or not hasattr(estimator, "classes_"):
        raise refusal(last, "which gives no labels, and cannot be here in a head")
    is_several = type(estimator).__name__ == MULTI_OUTPUT or getattr(estimator, "multilabel_", False)
    if is_several or getattr(getattr(estimator, "_label_binarizer", None), "y_type_", "").startswith("multilabel"):
        return ScoreKind.MULTI_LABEL
    if hasattr(estimator, "predict_proba"):
        return ScoreKind.PROBABILITY
    if hasattr(estimator, "decision_function") and linear_parts(estimator) is not None:
        return ScoreKind.DECISION
    raise refusal(
        last, "which gives neither probabilities nor a linear decision function, and cannot be here in a head"
    )


def _classes(last: Step, scores: ScoreKind) -> tuple[LabelValue, ...]:
    """The labels; the outputs of several at once have numbers for names, and a number has one of ours."""
    if scores is ScoreKind.REGRESSION:
        coefficients = np.atleast_2d(getattr(last.estimator, "coef_", 0.0))
        n_numbers = getattr(last.estimator, "n_outputs_", len(coefficients))
        if n_numbers > 1:
            raise HeadError(f"{last}, which gives {n_numbers} numbers, expected one; make a head of each")
        return (NUMBER,)
    classes = last.estimator.classes_
    if type(last.estimator).__name__ != MULTI_OUTPUT:
        return tuple(plain_label(label) for label in classes)
    for output, values in enumerate(classes):
        if len(values) > 2 or not {plain_label(value) for value in values} <= {0, 1}:
            found = [plain_label(value) for value in values]
            raise HeadError(
                f"{last}, whose output {output} chooses among {found!r:.80}, expected 0 and 1; make one head of each "
                "of its estimators_"
            )
    return tuple(range(len(classes)))


@dataclass(frozen=True, slots=True)
class LinearParts:
    """A linear function. Shapes: ``(outputs, width)`` and ``(outputs,)``, float64."""

    coefficients: Array
    intercepts: Array


def linear_parts(estimator: Any) -> LinearParts | None:
    """The linear function whose values are the decision function; one-vs-rest has one for each label."""
    parts = getattr(estimator, "estimators_", None) if type(estimator).__name__ == ONE_VS_REST else [estimator]
    if not parts or not all(hasattr(part, "coef_") and hasattr(part, "intercept_") for part in parts):
        return None
    coefficients = [np.atleast_2d(_dense(part.coef_)) for part in parts]
    intercepts = [
        np.broadcast_to(np.asarray(part.intercept_, np.float64), len(rows))
        for part, rows in zip(parts, coefficients, strict=True)
    ]
    return LinearParts(np.concatenate(coefficients), np.concatenate(intercepts))


def _flat(last: Step, scores: ScoreKind) -> Any:
    """The classifier, or the one LogisticRegression that says what a OneVsRestClassifier says."""
    estimator = last.estimator
    if type(estimator).__name__ not in (ONE_VS_REST, MULTI_OUTPUT):
        return estimator
    parts = [plain(Step(f"{last.name}: an inner estimator", part)) for part in estimator.estimators_]
    if scores is not ScoreKind.PROBABILITY or not all(type(part).__name__ in LOGISTIC for part in parts):
        flat = copy.copy(estimator)
        flat.estimators_ = parts
        return flat
    if len(parts) == 1:
        return parts[0]
    # One matrix product instead of one for each class. skl2onnx writes sigmoids divided by their sum for
    # multi_class="ovr", whether or not this scikit-learn still has that parameter.
    merged = required("sklearn.linear_model").LogisticRegression()
    merged.multi_class = "ovr"
    merged.classes_ = estimator.classes_
    merged.coef_ = np.concatenate([_dense(part.coef_) for part in parts])
    merged.intercept_ = np.concatenate([np.broadcast_to(part.intercept_, 1) for part in parts])
    return merged


def _with_plain_classes(classifier: Any) -> Any:
    """A copy whose classes are 0, 1, ...: skl2onnx takes few kinds of classes, and no head needs them."""
    same = copy.copy(classifier)
    if isinstance(getattr(same, "classes_", None), np.ndarray) and "classes_" in vars(same):
        same.classes_ = np.arange(len(classifier.classes_))
    if {"coef_", "intercept_"} <= vars(same).keys():
        same.coef_ = _dense(classifier.coef_)
        same.intercept_ = np.asarray(classifier.intercept_, np.float64)
        if type(same).__name__ in LOGISTIC:
            same.intercept_ = np.broadcast_to(same.intercept_, len(same.coef_))
        check_finite({"coef_": same.coef_, "intercept_": same.intercept_})
    return same


def _width(steps: Sequence[Step]) -> int:
    first = steps[0].estimator
    width = getattr(first, "n_features_in_", None)
    if width is None and hasattr(first, "coef_"):
        width = np.shape(first.coef_)[-1]
    if width is None:
        raise refusal(steps[0], "which says nothing of how many features it takes, and cannot be here in a head")
    return int(width)


def _dense(coefficients: Any) -> Array:
    """Coefficients in float64, also those of a classifier that was made sparse."""
    dense = coefficients.toarray() if hasattr(coefficients, "toarray") else coefficients
    return np.asarray(dense, np.float64)


def _details(steps: Sequence[Any], version: str) -> dict[str, LabelValue]:
    details: dict[str, LabelValue] = {
        "estimator": ", ".join(type(step).__name__ for step in steps),
        "scikit_learn": version,
    }
    innermost = getattr(steps[-1], "estimator", steps[-1])
    for name in ("C", "alpha", "loss", "solver"):
        value = getattr(innermost, name, None)
        if isinstance(value, str | int | float):
            details[name] = value
    return details
