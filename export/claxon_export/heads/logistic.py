"""A fitted scikit-learn LogisticRegression -> a head, checked against the estimator before anyone gets it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from claxon.bundle.manifest import Feature, HeadKind, LabelValue, ScoreKind
from claxon_export.errors import HeadError
from claxon_export.heads.conversion import Precision, convert
from claxon_export.heads.estimators import FittedClassifier, read_estimator
from claxon_export.heads.head_graph import HeadGraph, check_label_count, check_labels, plain_label
from claxon_export.heads.verification import Probe
from claxon_export.requirements import required


def logistic_head(
    estimator: Any, *, feature: Feature, width: int, labels: Sequence[LabelValue] | None = None
) -> HeadGraph:
    """A head that gives the estimator's ``predict_proba``.

    The graph is run on 256 seeded rows of random features and compared with ``predict_proba``; the figures
    are in the result's ``parity``, whose SHA-256 is that of the rows' bytes.

    Args:
        estimator: A fitted LogisticRegression or LogisticRegressionCV, binary or multinomial or one-vs-rest;
            a OneVsRestClassifier around them; or a Pipeline that ends in one of these, after StandardScaler,
            Normalizer, MinMaxScaler and "passthrough" in any order.
        feature: What the estimator was fitted on.
        width: Of that feature.
        labels: Other names for the classes, in the order of ``classes_``; ``None`` takes ``classes_``.

    Raises:
        HeadError: an unsupported or unfitted step, by name; another width; fewer than two classes; labels
            that are not one a class; NaN or infinity; or a graph that differs from ``predict_proba`` by more
            than 1e-5.
        MissingDependencyError: scikit-learn, skl2onnx or ONNX Runtime is not installed.
    """
    fitted = read_estimator(estimator)
    if fitted.width != width:
        raise HeadError(
            f"the estimator was fitted on {fitted.width} features, expected the {width} of {feature!s}; "
            f"fit it on {feature!s}"
        )
    names = _names(labels, fitted)
    graphs = _graphs(fitted)
    verified = Probe.from_classifier(fitted).verified(graphs)
    details: dict[str, LabelValue] = {
        **fitted.details,
        "skl2onnx": required("skl2onnx").__version__,
        "n_features": width,
    }
    return HeadGraph(
        HeadKind.LOGISTIC,
        feature,
        names,
        ScoreKind.PROBABILITY,
        verified.graph,
        details=details,
        parity=verified.parity,
    )


def _graphs(fitted: FittedClassifier) -> list[bytes]:
    """The graph in each arithmetic that scikit-learn's may be nearest to."""
    precisions = tuple(Precision) if fitted.scalers else (Precision.FLOAT64,)
    return [convert(fitted, precision) for precision in precisions]


def _names(labels: Sequence[LabelValue] | None, fitted: FittedClassifier) -> tuple[LabelValue, ...]:
    if labels is None:
        return fitted.classes
    names = tuple(plain_label(label) for label in labels)
    check_label_count(names, len(fitted.classes))
    check_labels(names)
    return names
