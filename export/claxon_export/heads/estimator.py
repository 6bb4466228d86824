"""A fitted scikit-learn estimator -> a head, checked against the estimator before anyone gets it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from claxon.bundle.graph_policy import HEAD_OPERATORS, check_graph
from claxon.bundle.head_policy import check_sizes
from claxon.bundle.manifest import Feature, HeadKind, LabelValue, ScoreKind
from claxon.errors import BundleError
from claxon_export.errors import HeadError
from claxon_export.heads.bodies import Link, Precision
from claxon_export.heads.conversion import convert
from claxon_export.heads.estimators import FittedClassifier, linear_parts, read_estimator
from claxon_export.heads.head_graph import Array, HeadGraph, check_label_count, check_labels, plain_label
from claxon_export.heads.verification import Probe, VerifiedGraph
from claxon_export.requirements import required


def estimator_head(
    estimator: Any,
    *,
    feature: Feature,
    width: int,
    labels: Sequence[LabelValue] | None = None,
    vectors: Array | None = None,
) -> HeadGraph:
    """A head that gives the estimator's probabilities, or its decision function, or its number.

    The graph is run on 256 seeded rows of random features, and on real ones where some are given, and compared with the
    estimator's own answers; the figures are in the result's ``parity``, whose SHA-256 is that of the rows' bytes.

    Args:
        estimator: Fitted: whatever skl2onnx converts to operators that a head may hold, alone, in a search, or last in
            a Pipeline after steps of which the same is true.
        feature: What the estimator was fitted on.
        width: Of that feature.
        labels: Other names for the classes, in the order of ``classes_``; ``None`` takes ``classes_``. Names of the
            outputs of several labels at once, which have none, or of a regression's number.
        vectors: Real features. Shape: ``(texts, width)``, float32.

    Raises:
        HeadError: an unsupported or unfitted step, by name; another width; fewer than two classes; labels that are not
            one a class; NaN or infinity; or a graph that differs from the estimator by more than 1e-5.
        MissingDependencyError: scikit-learn, skl2onnx or ONNX Runtime is not installed.
    """
    fitted = read_estimator(estimator)
    if fitted.width != width:
        raise HeadError(
            f"the estimator was fitted on {fitted.width} features, expected the {width} of {feature!s}; "
            f"fit it on {feature!s}"
        )
    names = _names(labels, fitted)
    verified = _verified(fitted, vectors)
    details: dict[str, LabelValue] = {
        **fitted.details,
        "skl2onnx": required("skl2onnx").__version__,
        "n_features": width,
    }
    return HeadGraph(
        HeadKind.LOGISTIC if fitted.is_logistic else HeadKind.ESTIMATOR,
        feature,
        names,
        fitted.scores,
        verified.graph,
        details=details,
        parity=verified.parity,
    )


def _verified(fitted: FittedClassifier, vectors: Array | None) -> VerifiedGraph:
    """As skl2onnx writes it; or, of a linear classifier that it writes differently, by the usual formulas."""
    graphs = list(_graphs(fitted))
    probe = Probe.from_classifier(fitted, vectors)
    try:
        return probe.verified(graphs)
    except HeadError:
        if fitted.scores is not ScoreKind.PROBABILITY or linear_parts(fitted.classifier) is None:
            raise
        links = (Link.SOFTMAX, Link.ONE_VS_REST)
        graphs = [convert(fitted, precision, link=link) for link in links for precision in _scalers(fitted)]
        try:
            return probe.verified(graphs)
        except HeadError:
            pass
        raise


def _scalers(fitted: FittedClassifier) -> tuple[Precision, ...]:
    return tuple(Precision) if fitted.scalers else (Precision.FLOAT64,)


def _graphs(fitted: FittedClassifier) -> Iterator[bytes]:
    """The graph in each arithmetic that scikit-learn's may be nearest to."""
    problem: HeadError | None = None
    for classifier in Precision:
        graphs = []
        for precision in _scalers(fitted):
            try:
                graphs.append(_checked(convert(fitted, precision, classifier), fitted.width))
            except HeadError as error:
                problem = problem or error
        if graphs:
            yield from graphs
            return
    raise problem or HeadError("the estimator could not be converted")


def _checked(graph: bytes, width: int) -> bytes:
    """The graph, if a bundle would load it; ONNX Runtime must know its operators in their types as well.

    Raises:
        HeadError: it would not.
    """
    try:
        check_graph(graph, "the head's graph", {}, HEAD_OPERATORS)
        check_sizes(graph, "the head's graph", width)
    except BundleError as error:
        raise HeadError(str(error)) from None
    return graph


def _names(labels: Sequence[LabelValue] | None, fitted: FittedClassifier) -> tuple[LabelValue, ...]:
    if labels is None:
        return fitted.classes
    names = tuple(plain_label(label) for label in labels)
    check_label_count(names, len(fitted.classes))
    check_labels(names, fitted.scores)
    return names
