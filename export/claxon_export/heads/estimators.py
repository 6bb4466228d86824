"""A fitted scikit-learn estimator -> its scalers, classifier and classes; or why it cannot be a head."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import LabelValue
from claxon_export.errors import HeadError
from claxon_export.heads.head_graph import Array, check_finite, check_labels, plain_label
from claxon_export.requirements import required

LOGISTIC = ("LogisticRegression", "LogisticRegressionCV")
ONE_VS_REST = "OneVsRestClassifier"
SCALERS = ("StandardScaler", "Normalizer", "MinMaxScaler")
SUPPORTED = (
    f"{', '.join(LOGISTIC)} or {ONE_VS_REST} around them, alone or as the last step of a Pipeline after "
    f"{', '.join(SCALERS)} or 'passthrough'"
)


@dataclass(frozen=True, slots=True)
class FittedClassifier:
    """An estimator that can become a head.

    Attributes:
        estimator: As it was given.
        scalers: Its fitted steps before the classifier, without ``passthrough``.
        classifier: A LogisticRegression with the same probabilities and with classes 0, 1, ...
        classes: In the order of ``predict_proba``'s columns.
        width: Number of features that it takes.
    """

    estimator: Any
    scalers: tuple[Any, ...]
    classifier: Any
    classes: tuple[LabelValue, ...]
    width: int
    details: dict[str, LabelValue]


def read_estimator(estimator: Any) -> FittedClassifier:
    """Take an estimator apart.

    Raises:
        HeadError: a step that cannot become part of a head, by name; not fitted; fewer than two classes; NaN
            or infinity among the coefficients.
        MissingDependencyError: scikit-learn is not installed.
    """
    sklearn = required("sklearn")
    *scalers, last = _steps(estimator)
    for name, step in scalers:
        _check_step(name, step, SCALERS)
    _check_step(*last, (*LOGISTIC, ONE_VS_REST))
    classifier = _with_plain_classes(_flat(*last))
    classes = tuple(plain_label(label) for label in last[1].classes_)
    check_labels(classes)
    return FittedClassifier(
        estimator=estimator,
        scalers=tuple(step for _, step in scalers),
        classifier=classifier,
        classes=classes,
        width=classifier.coef_.shape[1],
        details=_details([*(step for _, step in scalers), last[1]], sklearn.__version__),
    )


def _steps(estimator: Any) -> list[tuple[str, Any]]:
    if _is_sklearn(estimator, ("Pipeline",)):
        steps = [(name, step) for name, step in estimator.steps if step is not None and step != "passthrough"]
        if steps:
            return steps
    return [("the estimator", estimator)]


def _is_sklearn(step: Any, names: Sequence[str]) -> bool:
    """Whether it is an instance of just these classes; a subclass may compute something else."""
    kind = type(step)
    return kind.__name__ in names and kind.__module__.partition(".")[0] == "sklearn"


def _check_step(name: str, step: Any, names: Sequence[str]) -> None:
    if not _is_sklearn(step, names):
        raise HeadError(f"{name} is a {type(step).__name__}, which cannot be here in a head; supported: {SUPPORTED}")
    try:
        required("sklearn.utils.validation").check_is_fitted(step)
    except required("sklearn.exceptions").NotFittedError:
        raise HeadError(f"{name} ({type(step).__name__}) is not fitted; call fit before making a head of it") from None


def _flat(name: str, classifier: Any) -> Any:
    """The classifier, or the one LogisticRegression that says what a OneVsRestClassifier says."""
    if not _is_sklearn(classifier, (ONE_VS_REST,)):
        return classifier
    if classifier.multilabel_:
        raise HeadError(f"{name} is a multi-label classifier; expected one of two or more labels per text")
    parts = classifier.estimators_
    for part in parts:
        _check_step(f"{name}: an inner estimator", part, LOGISTIC)
    if len(parts) == 1:
        return parts[0]
    # One matrix product instead of one for each class. skl2onnx writes sigmoids divided by their sum for
    # multi_class="ovr", whether or not this scikit-learn still has that parameter.
    merged = required("sklearn.linear_model").LogisticRegression()
    merged.multi_class = "ovr"
    merged.classes_ = classifier.classes_
    merged.coef_ = np.concatenate([_dense(part.coef_) for part in parts])
    merged.intercept_ = np.concatenate([np.broadcast_to(part.intercept_, 1) for part in parts])
    return merged


def _with_plain_classes(classifier: Any) -> Any:
    """A copy whose classes are 0, 1, ...: skl2onnx takes few kinds of classes, and no head needs them."""
    plain = copy.copy(classifier)
    plain.classes_ = np.arange(len(classifier.classes_))
    plain.coef_ = _dense(classifier.coef_)
    plain.intercept_ = np.broadcast_to(np.asarray(classifier.intercept_, np.float64), len(plain.coef_))
    check_finite({"coef_": plain.coef_, "intercept_": plain.intercept_})
    return plain


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
    for name in ("C", "solver"):
        value = getattr(innermost, name, None)
        if isinstance(value, str | int | float):
            details[name] = value
    return details
