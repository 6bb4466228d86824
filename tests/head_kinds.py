"""Heads of every kind of scores, small and random, for a bundle that a test may change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import helper

from claxon.bundle.manifest import Feature, HeadKind, LabelValue, ScoreKind
from claxon.encoder.features import FloatMatrix
from claxon_export.bundle.head_files import with_head
from claxon_export.heads import HeadGraph
from claxon_export.heads.head_graph import head_model

TAGS: tuple[LabelValue, ...] = ("book", "phone", "food")


@dataclass(frozen=True, slots=True)
class FirstColumns:
    """A head whose scores are a feature's first columns."""

    labels: tuple[LabelValue, ...]
    score_kind: ScoreKind = ScoreKind.PROBABILITY
    thresholds: tuple[float, ...] | None = None
    name: str = "first"
    feature: Feature = Feature.MEAN
    temperature: float | None = None

    def __call__(self, features: FloatMatrix) -> FloatMatrix:
        return features[:, : len(self.labels)]


def add_kinds(bundle: Path) -> None:
    """Add ``tags`` (multi_label), ``margin`` (decision) and ``stars`` (regression), all on the embedding."""
    with_head(bundle, "tags", _head(ScoreKind.MULTI_LABEL, TAGS, "Sigmoid"))
    with_head(bundle, "margin", _head(ScoreKind.DECISION, TAGS, "Identity"))
    with_head(bundle, "stars", _head(ScoreKind.REGRESSION, ("stars",), "Identity"))


def weights(labels: int, width: int) -> FloatMatrix:
    """Of a head with so many labels. Shape: ``(width, labels)``, float32."""
    drawn: FloatMatrix = np.random.default_rng(labels).normal(0, 3, (width, labels)).astype(np.float32)
    return drawn


def _head(scores: ScoreKind, labels: tuple[LabelValue, ...], function: str, width: int = 32) -> HeadGraph:
    nodes = [
        helper.make_node("MatMul", ["features", "weight"], ["logits"]),
        helper.make_node(function, ["logits"], ["scores"]),
    ]
    graph = head_model(str(scores), nodes, {"weight": weights(len(labels), width)}, width, len(labels))
    return HeadGraph(HeadKind.ESTIMATOR, Feature.EMBEDDING, labels, scores, graph)
