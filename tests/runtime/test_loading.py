"""The parts of an encoder, loaded from a bundle: the right graph, and one that does what the manifest says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from claxon import loading
from claxon.bundle import Bundle
from claxon.errors import BundleError, DeviceError, EngineError, OptionError
from claxon.loading import Parts, load_parts
from claxon.manifest import Feature, GraphVariant, Manifest, Precision
from claxon.session import Session
from tests.bundles import reseal
from tests.graphs import encoder

WIDTHS = {"cls": 32, "mean": 32, "embedding": 32}


def load(folder: Path, **options: Any) -> Parts:
    return load_parts(Bundle.open(folder), **options)


def test_the_parts_of_a_bundle(tiny_bundle: Path) -> None:
    parts = load(tiny_bundle)
    assert (parts.variant.precision, parts.max_tokens) == (Precision.FP32, 48)
    assert set(parts.session.outputs) >= set(Feature)
    assert parts.tokenizer(["good"]).lengths.tolist() == [3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "int8"}, "precision is 'int8', but the bundle holds fp32"),
        ({"device": "gpu"}, "device is 'gpu', expected one of auto, cpu, cuda"),
        ({"threads": 0}, "threads is 0, expected 1 or more"),
        ({"max_tokens": 49}, "max_tokens is 49, expected 1 to 48, or None for the bundle's limit"),
        ({"max_tokens": 0}, "max_tokens is 0, expected 1 to 48"),
        ({"max_tokens": 2}, "max_tokens is 2, expected at least 3"),
        ({"max_tokens": "9"}, "max_tokens is '9', expected 1 to 48"),
    ],
)
def test_an_option_that_cannot_be_met(options: dict[str, Any], message: str, tiny_bundle: Path) -> None:
    with pytest.raises(OptionError, match=message):
        load(tiny_bundle, **options)


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="CUDA is here")
def test_cuda_without_cuda_is_an_error(tiny_bundle: Path) -> None:
    with pytest.raises(DeviceError, match="device='cuda' was asked for"):
        load(tiny_bundle, device="cuda")


def test_the_options_reach_the_session(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    class Spy(Session):
        def __init__(self, *given: Any) -> None:
            asked.append(given[2:])
            super().__init__(*given)

    monkeypatch.setattr(loading, "Session", Spy)
    options = onnxruntime.SessionOptions()
    load(tiny_bundle, threads=3, device="cpu", session_options=options)
    [(request, given)] = asked
    assert (request.threads, request.device) == (3, "cpu")
    assert given is options


def with_graph(folder: Path, graph: bytes, change: Callable[[Manifest], Manifest] = lambda manifest: manifest) -> Path:
    """The bundle with another graph, which has its weights inside."""
    (folder / "encoder.onnx").write_bytes(graph)

    def rewrite(manifest: Manifest) -> Manifest:
        variants = (replace(manifest.encoder.variants[0], weights=None),)
        return change(replace(manifest, encoder=replace(manifest.encoder, variants=variants)))

    reseal(folder, rewrite)
    return folder


def test_a_graph_with_its_weights_inside(copied_bundle: Path) -> None:
    load(with_graph(copied_bundle, encoder(WIDTHS)))


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (encoder({"cls": 32, "mean": 32}), "gives cls, mean; the manifest says .* embedding"),
        (encoder(WIDTHS, inputs=("input_ids", "attention_mask", "token_type_ids")), "takes .* token_type_ids and"),
        (encoder(WIDTHS, inputs=("input_ids",)), "takes input_ids and"),
    ],
)
def test_a_graph_that_is_not_what_the_manifest_says(graph: bytes, message: str, copied_bundle: Path) -> None:
    with pytest.raises(BundleError, match=message):
        load(with_graph(copied_bundle, graph))


def test_a_graph_that_the_engine_refuses(copied_bundle: Path) -> None:
    with pytest.raises(EngineError, match="could not load the graph"):
        load(with_graph(copied_bundle, b"listed, and yet no graph"))


def test_a_tokenizer_that_is_none(copied_bundle: Path) -> None:
    (copied_bundle / "tokenizer.json").write_text("{}")
    reseal(copied_bundle)
    with pytest.raises(BundleError, match=r"tokenizer\.json cannot be read"):
        load(copied_bundle)


def test_the_precision_chooses_the_graph(copied_bundle: Path) -> None:
    (copied_bundle / "encoder.int8.onnx").write_bytes(encoder(WIDTHS))

    def rewrite(manifest: Manifest) -> Manifest:
        int8 = GraphVariant(Precision.INT8, "encoder.int8.onnx", None, ("cpu",), (), None)
        spec = replace(manifest.encoder, variants=(*manifest.encoder.variants, int8))
        return replace(manifest, encoder=spec)

    reseal(copied_bundle, rewrite)
    assert load(copied_bundle).variant.graph == "encoder.onnx"
    assert load(copied_bundle, precision="int8").variant.graph == "encoder.int8.onnx"
