"""Label names and their embeddings -> a head on the feature ``embedding`` whose scores are cosines."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from claxon.bundle.manifest import Feature, HeadKind, LabelValue, ScoreKind
from claxon.errors import OptionError
from claxon.heads.label_sets import Combine, LabelSet
from claxon.heads.similarity import label_matrix
from claxon_export.errors import HeadError
from claxon_export.heads.head_graph import FEATURES, SCORES, Array, HeadGraph, head_model

MATRIX = "label_vectors"
ROWS = "phrasings_of_label"


def similarity_head(labels: LabelSet, embeddings: Array, *, temperature: float | None = None) -> HeadGraph:
    """A head that compares a text with labels; ``claxon.heads.similarity`` says the same in numpy.

    Args:
        labels: The labels, their phrasings, and how those are combined.
        embeddings: Unit-norm embeddings of ``labels.texts``, in that order. Shape: ``(phrasings, width)``.
        temperature: Turns the cosines into probabilities at run time; ``None`` leaves them cosines.

    Returns:
        A head on ``embedding``; its scores are cosines, in [-1, 1] but for rounding, and do not sum to one.

    Raises:
        HeadError: not one finite unit-norm row a phrasing, phrasings of a label that cancel each other out,
            or a temperature that is not above 0.
    """
    try:
        matrix = label_matrix(embeddings, labels.counts, labels.combine)
    except OptionError as error:
        raise HeadError(str(error)) from None
    constants: dict[str, Array] = {MATRIX: matrix.T}
    if labels.combine == Combine.BEST:
        constants[ROWS] = _rows(labels.counts)
    graph = head_model("similarity", _nodes(labels.combine), constants, matrix.shape[1], len(labels.labels))
    return HeadGraph(
        HeadKind.SIMILARITY,
        Feature.EMBEDDING,
        labels.labels,
        ScoreKind.COSINE,
        graph,
        temperature=temperature,
        details=_details(labels),
    )


def _nodes(combine: Combine) -> list[onnx.NodeProto]:
    if combine == Combine.MEAN:
        return [helper.make_node("MatMul", [FEATURES, MATRIX], [SCORES], name="cosines")]
    return [
        helper.make_node("MatMul", [FEATURES, MATRIX], ["cosines"], name="cosines"),
        helper.make_node("Gather", ["cosines", ROWS], ["cosines_of_label"], name="cosines_of_label", axis=1),
        helper.make_node("Constant", [], ["last_axis"], name="last_axis", value_ints=[2]),
        helper.make_node("ReduceMax", ["cosines_of_label", "last_axis"], [SCORES], name="best", keepdims=0),
    ]


def _rows(counts: tuple[int, ...]) -> Array:
    """Which cosines belong to each label, the last repeated. Shape: ``(labels, most phrasings)``, int64."""
    starts = np.cumsum((0, *counts[:-1]))
    steps = np.minimum(np.arange(max(counts)), np.array(counts)[:, np.newaxis] - 1)
    rows: Array = (starts[:, np.newaxis] + steps).astype(np.int64)
    return rows


def _details(labels: LabelSet) -> dict[str, LabelValue]:
    details: dict[str, LabelValue] = {"combine": str(labels.combine)}
    for label, group in zip(labels.labels, labels.phrasings, strict=True):
        details[f"phrasings of {label}"] = " | ".join(group)
    return details
