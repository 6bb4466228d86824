"""Heads: a bundle's small graphs, and heads made of label names when a program runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature, HeadSpec, Manifest, ScoreKind
from claxon.encoder.encoder import Encoder
from claxon.errors import BundleError, EngineError, OptionError
from claxon.heads.heads import GraphHead, Head, LabelHead, require_embedding
from claxon.heads.label_sets import Combine, LabelSet
from tests.bundles import reseal
from tests.graphs import linear

TOLERANCE = 1e-6
WIDTH = 32
HEAD = "sentiment"
LABELS = LabelSet.of({"good": ["great book", "i love it"], "bad": "awful film", "meh": "it is ok"})


def spec_of(bundle: Bundle, name: str = HEAD) -> HeadSpec:
    return next(spec for spec in bundle.manifest.heads if spec.name == name)


def with_head(folder: Path, graph: bytes, change: Callable[[HeadSpec], HeadSpec] = lambda spec: spec) -> GraphHead:
    """The head ``sentiment``, after its graph was changed for another."""
    (folder / "heads" / f"{HEAD}.onnx").write_bytes(graph)

    def rewrite(manifest: Manifest) -> Manifest:
        heads = tuple(change(spec) if spec.name == HEAD else spec for spec in manifest.heads)
        return replace(manifest, heads=heads)

    reseal(folder, rewrite)
    bundle = Bundle.open(folder)
    return GraphHead(bundle, spec_of(bundle))


def weight(columns: int = 2, rows: int = WIDTH) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)


@pytest.mark.parametrize("name", ["sentiment", "topic"])
def test_a_head_is_what_the_manifest_says(name: str, tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    spec = spec_of(bundle, name)
    head: Head = GraphHead(bundle, spec)
    assert (head.name, head.feature, head.labels) == (spec.name, spec.feature, spec.labels)
    assert (head.score_kind, head.temperature) == (spec.scores, spec.temperature)


def test_scores_are_those_of_the_graph(copied_bundle: Path) -> None:
    head = with_head(copied_bundle, linear(weight()))
    features = weight(WIDTH, 5).reshape(5, WIDTH)
    scores = head(features)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, features @ weight(), atol=1e-5)


def test_no_texts_give_no_rows(tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    for spec in bundle.manifest.heads:
        scores = GraphHead(bundle, spec)(np.empty((0, WIDTH), np.float32))
        assert scores.shape == (0, len(spec.labels))
        assert scores.dtype == np.float32


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (linear(weight(), inputs="x"), "MatMul reads 'x', expected 'features', a tensor of the graph"),
        (linear(weight(), outputs="logits"), "is not a head: expected features -> scores"),
        (linear(weight(rows=WIDTH + 1)), r"does not take \w+ of width 32"),
        (linear(weight(3)), r"gave float32 scores of shape \(2, 3\), expected float32 of \(2, 2\)"),
        (linear(np.full((WIDTH, 2), np.nan)), "holds weights that are NaN or infinite"),
        (linear(np.full((WIDTH, 2), -np.inf)), "holds weights that are NaN or infinite"),
        (linear(np.eye(WIDTH, 2, -7) * np.nan), "holds weights that are NaN or infinite"),
    ],
    ids=["input", "output", "width", "labels", "NaN", "infinite", "one NaN"],
)
def test_a_graph_that_is_no_head_of_this_bundle(graph: bytes, message: str, copied_bundle: Path) -> None:
    with pytest.raises(BundleError, match=message):
        with_head(copied_bundle, graph)


def test_bytes_that_are_no_graph(copied_bundle: Path) -> None:
    with pytest.raises(BundleError, match=r"sentiment\.onnx: the graph is no ONNX file"):
        with_head(copied_bundle, b"listed, and yet no graph")


def test_a_graph_that_the_engine_refuses(copied_bundle: Path) -> None:
    with pytest.raises(EngineError, match="could not load the graph"):
        with_head(copied_bundle, linear(weight()).replace(b"MatMul", b"Gather"))  # whose indices are whole numbers


def test_a_graph_that_takes_sizes_from_values_is_refused_before_the_engine_sees_it(copied_bundle: Path) -> None:
    with pytest.raises(BundleError, match=r"sentiment\.onnx contains the operator 'Expand', expected only Abs, Add"):
        with_head(copied_bundle, linear(weight()).replace(b"MatMul", b"Expand"))


@pytest.mark.parametrize("combine", Combine)
def test_a_label_head_gives_cosines_to_its_phrasings(combine: Combine, encoder: Encoder) -> None:
    head: Head = LabelHead.of(encoder, replace(LABELS, combine=combine))
    texts = encoder.encode(["great book", "the phone broke", ""], feature="embedding")
    groups = [encoder.encode(group, feature="embedding") for group in LABELS.phrasings]
    means = [group.mean(axis=0) / np.linalg.norm(group.mean(axis=0)) for group in groups]
    bests = [(texts @ group.T).max(axis=1) for group in groups]
    expected = texts @ np.array(means).T if combine is Combine.MEAN else np.array(bests).T
    np.testing.assert_allclose(head(texts), expected, atol=TOLERANCE)
    assert (head.labels, head.feature, head.score_kind) == (("good", "bad", "meh"), Feature.EMBEDDING, ScoreKind.COSINE)


def test_a_label_head_of_no_texts(encoder: Encoder) -> None:
    assert LabelHead.of(encoder, LABELS)(np.empty((0, WIDTH), np.float32)).shape == (0, 3)


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), float("inf"), "1", True])
def test_a_temperature_is_above_zero(temperature: Any, encoder: Encoder) -> None:
    with pytest.raises(OptionError, match=r"temperature is .*, expected a number above 0, or None for the labels' own"):
        LabelHead.of(encoder, LABELS, temperature)


def test_similarity_needs_an_embedding(copied_bundle: Path) -> None:
    def without(manifest: Manifest) -> Manifest:
        features = {Feature.CLS: WIDTH, Feature.MEAN: WIDTH}
        spec = replace(manifest.encoder, features=features, pooling=None, default_feature=None)
        return replace(manifest, encoder=spec, heads=())

    for path in (copied_bundle / "heads").iterdir():
        path.unlink()
    reseal(copied_bundle, without)
    with pytest.raises(OptionError, match=r"has no sentence embedding, .*--pooling mean"):
        require_embedding(Bundle.open(copied_bundle))
    with pytest.raises(OptionError, match=r"has no sentence embedding, .*--pooling mean"):
        LabelHead.of(Encoder.load(copied_bundle, threads=1), LABELS)
