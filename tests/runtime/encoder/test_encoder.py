"""The encoder: rows that depend on their own text alone, in the texts' order, from whatever the texts come in."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature, Manifest
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import FloatMatrix
from claxon.engine.providers import CPU_PROVIDER, Device
from claxon.errors import BundleError, InputError, OptionError
from tests.bundles import reseal
from tests.graphs import encoder as encoder_graph
from tests.texts import LONG, TEXTS

# The same text padded among longer ones, and in another order, against the text alone.
PADDING_TOLERANCE = 1e-5
WIDTH, LIMIT = 32, 48
Runs = list[tuple[list[str], dict[str, Any]]]


def test_a_loaded_encoder_reports_what_runs(tiny_bundle: Path, encoder: Encoder) -> None:
    assert (encoder.width, encoder.max_tokens, encoder.precision) == (WIDTH, LIMIT, "fp32")
    assert (encoder.device, encoder.providers) == (Device.CPU, (CPU_PROVIDER,))
    assert encoder.spec == Bundle.open(tiny_bundle).manifest.encoder
    assert repr(encoder) == f"Encoder('{tiny_bundle}', mpnet, cpu, fp32)"


def test_an_opened_bundle_may_be_loaded(tiny_bundle: Path, alone: FloatMatrix) -> None:
    found = Encoder.from_bundle(Bundle.open(tiny_bundle), threads=1, device="cpu").encode(TEXTS)
    np.testing.assert_allclose(found, alone, atol=PADDING_TOLERANCE)


# Rows and order.


def test_a_row_a_text(alone: FloatMatrix, encoder: Encoder) -> None:
    found = encoder.encode(TEXTS)
    assert found.shape == (len(TEXTS), WIDTH)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, alone, atol=PADDING_TOLERANCE)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=PADDING_TOLERANCE)
    distances = np.linalg.norm(found[:, None] - found[None], axis=2) + np.eye(len(TEXTS))
    assert distances.min() > 100 * PADDING_TOLERANCE, "the texts are told apart, or this would show nothing"


@settings(max_examples=25)
@given(
    order=st.lists(st.integers(0, len(TEXTS) - 1), min_size=1, max_size=12),
    batch_size=st.none() | st.integers(1, 5),
    budget=st.integers(1, 400),
)
def test_neither_neighbours_nor_order_nor_batches_change_a_row(
    order: list[int], batch_size: int | None, budget: int, tiny_bundle: Path, alone: FloatMatrix, encoder: Encoder
) -> None:
    encoder.token_budget, before = budget, encoder.token_budget
    try:
        found = encoder.encode([TEXTS[row] for row in order], batch_size=batch_size)
    finally:
        encoder.token_budget = before
    np.testing.assert_allclose(found, alone[order], atol=PADDING_TOLERANCE)


@pytest.mark.parametrize("feature", [Feature.CLS, Feature.MEAN, Feature.EMBEDDING])
def test_padding_does_not_change_any_feature(feature: Feature, encoder: Encoder) -> None:
    padded = encoder.encode(["great", LONG], feature=feature, on_truncation="ignore")
    np.testing.assert_allclose(padded[:1], encoder.encode(["great"], feature=feature), atol=PADDING_TOLERANCE)


def test_the_same_batch_gives_the_same_bits(encoder: Encoder) -> None:
    first = encoder.encode(TEXTS)
    for _ in range(20):
        np.testing.assert_array_equal(encoder.encode(TEXTS), first)


def test_eight_threads_get_what_one_gets(encoder: Encoder) -> None:
    parts = [TEXTS[k % 6 :] + TEXTS[: k % 6] for k in range(48)]
    serial = [encoder.encode(part) for part in parts]
    with ThreadPoolExecutor(8) as pool:
        for found, expected in zip(pool.map(encoder.encode, parts), serial, strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "column",
    [
        tuple,
        iter,
        np.array,
        lambda texts: np.array(texts, object),
        pd.Series,
        pa.array,
        lambda texts: pa.chunked_array([texts]),
    ],
    ids=["tuple", "iterator", "numpy", "numpy objects", "pandas", "Arrow", "chunked Arrow"],
)
def test_columns(column: Callable[[list[str]], Any], alone: FloatMatrix, encoder: Encoder) -> None:
    np.testing.assert_allclose(encoder.encode(column(TEXTS)), alone, atol=PADDING_TOLERANCE)


def test_no_texts_give_no_rows(encoder: Encoder, runs: Runs) -> None:
    found = encoder.encode([])
    assert found.shape == (0, WIDTH)
    assert found.dtype == np.float32
    assert encoder.features([]).n_tokens.shape == (0,)
    assert not runs


def test_an_empty_text_is_valid(encoder: Encoder) -> None:
    features = encoder.features(["", "   "])
    assert features.n_tokens.tolist() == [2, 2]
    assert np.isfinite(features.values[Feature.EMBEDDING]).all()


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("great book", r"found one str; write \[text\]"),
        (["a", None], "row 1 is NoneType"),
        (["a", "b", 3.5], r"row 2 is float \(3.5\)"),
        (None, "found NoneType"),
    ],
)
def test_input_that_is_not_a_list_of_texts_is_refused(texts: Any, message: str, encoder: Encoder) -> None:
    for call in (encoder.encode, encoder.features, encoder.tokenize, lambda texts: list(encoder.encode_iter(texts))):
        with pytest.raises(InputError, match=message):
            call(texts)


# Features.


def test_several_features_come_from_one_run(encoder: Encoder, runs: Runs) -> None:
    features = encoder.features(TEXTS)
    assert len(runs) == 1
    assert features.values.keys() == {Feature.CLS, Feature.MEAN, Feature.EMBEDDING}
    for name, values in features.values.items():
        np.testing.assert_array_equal(values, encoder.encode(TEXTS, feature=name))


def test_the_default_feature_is_the_sources_own(encoder: Encoder) -> None:
    np.testing.assert_array_equal(encoder.encode(TEXTS), encoder.encode(TEXTS, feature="embedding"))


def test_an_embedding_is_the_mean_at_unit_length(encoder: Encoder) -> None:
    values = encoder.features(TEXTS).values
    mean = values[Feature.MEAN]
    expected = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    np.testing.assert_allclose(values[Feature.EMBEDDING], expected, atol=PADDING_TOLERANCE)


def test_a_feature_named_twice_is_given_once(encoder: Encoder) -> None:
    assert list(encoder.features(["a"], ["mean", "mean", Feature.CLS]).values) == ["mean", "cls"]


def test_an_unknown_feature_is_told_the_known_ones(encoder: Encoder) -> None:
    for call in (encoder.encode, encoder.encode_iter):
        with pytest.raises(OptionError, match=r"has no feature 'max'; .*one of cls, mean, embedding"):
            call(["a"], feature="max")


@pytest.mark.parametrize("names", ["cls", [], ()])
def test_names_are_a_list(names: Any, encoder: Encoder) -> None:
    with pytest.raises(OptionError, match=r"expected a list of features such as \['mean'\]"):
        encoder.features(["a"], names)


def _without_default(manifest: Manifest) -> Manifest:
    return replace(manifest, encoder=replace(manifest.encoder, default_feature=None))


def test_without_a_sentence_embedding_a_feature_must_be_named(copied_bundle: Path) -> None:
    reseal(copied_bundle, _without_default)
    encoder = Encoder.load(copied_bundle, threads=1)
    with pytest.raises(OptionError, match=r"give --feature .*one of cls, mean, embedding"):
        encoder.encode(["a"])
    assert encoder.encode(["a"], feature="cls").shape == (1, WIDTH)


# Graphs of other shapes.


def _with_graph(folder: Path, graph: bytes, inputs: tuple[str, ...]) -> Encoder:
    (folder / "encoder.onnx").write_bytes(graph)

    def rewrite(manifest: Manifest) -> Manifest:
        variants = (replace(manifest.encoder.variants[0], weights=None),)
        return replace(manifest, encoder=replace(manifest.encoder, inputs=inputs, variants=variants))

    reseal(folder, rewrite)
    return Encoder.load(folder, threads=1)


@pytest.mark.parametrize(
    "inputs", [("input_ids", "attention_mask"), ("input_ids", "token_type_ids", "attention_mask")], ids=len
)
def test_the_inputs_that_the_graph_takes_are_fed(inputs: tuple[str, ...], copied_bundle: Path, runs: Runs) -> None:
    encoder = _with_graph(copied_bundle, encoder_graph(dict.fromkeys(Feature, WIDTH), inputs=inputs), inputs)
    encoder.encode(["great book", "great"])
    [(_, feeds)] = runs
    assert set(feeds) == set(inputs)
    assert all(array.shape == (2, 4) and array.dtype == np.int64 for array in feeds.values())
    assert feeds["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]
    assert feeds["input_ids"][1, 3] == encoder.spec.pad_id
    assert not feeds.get("token_type_ids", np.zeros(1)).any()


@pytest.mark.parametrize("width", [1, WIDTH + 1])
def test_features_of_another_width_are_refused_not_stretched(width: int, copied_bundle: Path) -> None:
    inputs = ("input_ids", "attention_mask")
    encoder = _with_graph(copied_bundle, encoder_graph(dict.fromkeys(Feature, width), inputs=inputs), inputs)
    with pytest.raises(BundleError, match=rf"returned embedding with shape \(1, {width}\), expected \(1, {WIDTH}\)"):
        encoder.encode(["great"])


def test_the_prompt_of_the_bundle_is_put_before_every_text(copied_bundle: Path, encoder: Encoder) -> None:
    reseal(copied_bundle, lambda manifest: replace(manifest, encoder=replace(manifest.encoder, prompt="the good ")))
    prompted = Encoder.load(copied_bundle, threads=1)
    expected = encoder.encode(["the good book", "the good "])
    np.testing.assert_allclose(prompted.encode(["book", ""]), expected, atol=PADDING_TOLERANCE)
