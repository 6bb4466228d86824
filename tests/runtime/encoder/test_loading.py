"""The parts of an encoder, loaded from a bundle: the right graph, and one that does what the manifest says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature, GraphVariant, Manifest, Precision
from claxon.encoder import loading
from claxon.encoder.loading import Parts, load_parts
from claxon.engine import encoder_session, planning
from claxon.engine.providers import CPU_PROVIDER, CUDA_PROVIDER, Device, EngineRequest, request
from claxon.engine.selection import Pair
from claxon.engine.session import Session, engine_request, engine_version
from claxon.engine.tuning_store import Rate, Tuning
from claxon.errors import BundleError, DeviceError, EngineError, OptionError
from tests.bundles import reseal
from tests.graphs import encoder
from tests.openvino_device import needs_openvino

BOTH = (CUDA_PROVIDER, CPU_PROVIDER)
WIDTHS = {"cls": 32, "mean": 32, "embedding": 32}


def load(folder: Path, **options: Any) -> Parts:
    return load_parts(Bundle.open(folder), **options)


def test_the_parts_of_a_bundle(tiny_bundle: Path) -> None:
    parts = load(tiny_bundle)
    assert (parts.variant.precision, parts.max_tokens) == (Precision.FP32, 48)
    assert set(parts.session.outputs) >= {Feature.CLS, Feature.MEAN, Feature.EMBEDDING}
    assert parts.tokenizer(["good"]).lengths.tolist() == [3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "int8"}, "precision is 'int8', but the bundle holds fp32"),
        ({"device": "gpu"}, "device is 'gpu', expected one of auto, cpu, cuda, openvino"),
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
    with pytest.raises(DeviceError, match="device='cuda' was requested"):
        load(tiny_bundle, device="cuda")


def test_the_options_reach_the_session(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[tuple[Any, ...]] = []

    class Spy(Session):
        def __init__(self, *given: Any) -> None:
            requests.append(given[2:])
            super().__init__(*given)

    monkeypatch.setattr(encoder_session, "Session", Spy)
    options = onnxruntime.SessionOptions()
    load(tiny_bundle, threads=3, device="cpu", session_options=options)
    [(request, given)] = requests
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


def test_bytes_that_are_no_graph(copied_bundle: Path) -> None:
    with pytest.raises(BundleError, match=r"encoder\.onnx: the graph is no ONNX file"):
        load(with_graph(copied_bundle, b"listed, and yet no graph"))


def test_a_graph_that_the_engine_refuses(copied_bundle: Path) -> None:
    with pytest.raises(EngineError, match="could not load the graph"):
        load(with_graph(copied_bundle, encoder(WIDTHS).replace(b"ReduceSum", b"ReduceSun")))


def test_a_tokenizer_with_more_ids_than_the_encoder_has_rows(copied_bundle: Path) -> None:
    document = json.loads((copied_bundle / "tokenizer.json").read_bytes())
    n_words = Bundle.open(copied_bundle).manifest.encoder.vocab_size
    document["model"]["vocab"]["beyond"] = n_words
    (copied_bundle / "tokenizer.json").write_text(json.dumps(document))
    reseal(copied_bundle)
    with pytest.raises(
        BundleError, match=f"token id {n_words} is too large: the encoder's word-embedding table has {n_words} rows"
    ):
        load(copied_bundle)


def test_a_tokenizer_that_gives_an_empty_text_no_token(copied_bundle: Path) -> None:
    path = copied_bundle / "tokenizer.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "post_processor": None}))
    reseal(copied_bundle)
    with pytest.raises(BundleError, match=r"tokenizer\.json adds no special tokens"):
        load(copied_bundle)


def test_a_tokenizer_that_is_none(copied_bundle: Path) -> None:
    (copied_bundle / "tokenizer.json").write_text("{}")
    reseal(copied_bundle)
    with pytest.raises(BundleError, match=r"tokenizer\.json cannot be read"):
        load(copied_bundle)


@pytest.fixture
def two_precisions(copied_bundle: Path) -> Path:
    """fp32, and an int8 graph of another make."""
    (copied_bundle / "encoder.int8.onnx").write_bytes(encoder(WIDTHS))

    def rewrite(manifest: Manifest) -> Manifest:
        int8 = GraphVariant(Precision.INT8, "encoder.int8.onnx", None, ("cpu",), ("vnni",), None)
        spec = replace(manifest.encoder, variants=(*manifest.encoder.variants, int8))
        return replace(manifest, encoder=spec)

    reseal(copied_bundle, rewrite)
    return copied_bundle


@pytest.mark.parametrize(
    ("features", "precision", "graph"),
    [
        (("avx512_vnni",), "auto", "encoder.int8.onnx"),
        (("avx2",), "auto", "encoder.int8.onnx"),
        ((), "auto", "encoder.onnx"),
        (("avx512_vnni",), "fp32", "encoder.onnx"),
        (("avx512_vnni",), "int8", "encoder.int8.onnx"),
    ],
)
def test_precision_and_processor_choose_the_graph(
    features: tuple[str, ...], precision: str, graph: str, two_precisions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "processor_features", lambda: features)
    parts = load(two_precisions, precision=precision)
    assert parts.variant.graph == parts.run.plan.variant.graph == graph
    assert parts.session.device is parts.run.plan.device is Device.CPU


def test_a_wrongly_expected_graph_is_replaced_by_the_planned_one(
    two_precisions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variants = Bundle.open(two_precisions).manifest.encoder.variants
    monkeypatch.setattr(planning, "processor_features", lambda: ())
    for guess in (*variants, None):
        monkeypatch.setattr(loading, "expected_variant", lambda *_, guess=guess: guess)
        assert load(two_precisions).variant.graph == "encoder.onnx"


def test_cuda_that_does_not_start_leaves_the_graph_for_the_cpu(
    two_precisions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``auto`` planned fp32 for CUDA; on the CPU the rule is another."""
    monkeypatch.setattr(planning, "processor_features", lambda: ("avx512_vnni",))
    real = engine_request

    def with_cuda(device: str, threads: int | None) -> EngineRequest:
        return replace(real(device, threads), providers=BOTH) if device == "auto" else real(device, threads)

    monkeypatch.setattr(planning, "engine_request", with_cuda)
    planned = planning.plan_run(Bundle.open(two_precisions)).plan
    assert (planned.variant.precision, planned.device) == (Precision.FP32, Device.CUDA)
    if CUDA_PROVIDER not in onnxruntime.get_available_providers():
        parts = load(two_precisions)
        assert (parts.variant.precision, parts.session.device) == (Precision.INT8, Device.CPU)


@pytest.mark.skipif(CUDA_PROVIDER in onnxruntime.get_available_providers(), reason="CUDA is here")
def test_a_bundle_with_fp16_runs_where_cuda_does_not_start(
    copied_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ONNX Runtime's CUDA build on a machine without CUDA: ``auto`` leaves fp16 aside, fp16 by name is an error."""
    (copied_bundle / "encoder.fp16.onnx").write_bytes(encoder(WIDTHS))

    def rewrite(manifest: Manifest) -> Manifest:
        fp16 = GraphVariant(Precision.FP16, "encoder.fp16.onnx", None, ("cuda",), (), None)
        return replace(manifest, encoder=replace(manifest.encoder, variants=(*manifest.encoder.variants, fp16)))

    reseal(copied_bundle, rewrite)
    monkeypatch.setattr(planning, "engine_request", lambda device, threads: request(device, threads, BOTH))
    assert planning.plan_run(Bundle.open(copied_bundle)).plan.variant.precision is Precision.FP16
    parts = load(copied_bundle)
    assert (parts.variant.precision, parts.session.device, parts.run.plan.device) == ("fp32", Device.CPU, Device.CPU)
    for options in ({"precision": "fp16"}, {"cuda_graphs": True}):
        with pytest.raises(EngineError, match="CUDAExecutionProvider"):
            load(copied_bundle, **options)


@pytest.fixture
def tunings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Tuning]:
    """Tunings that were made; each is made up, and finds fp32 the fastest."""
    monkeypatch.setenv("CLAXON_CACHE", str(tmp_path / "cache"))
    made: list[Tuning] = []

    def tune(bundle: Bundle, threads: int | None) -> Tuning:
        rate = Rate(Pair(Precision.FP32, Device.CPU), 2.0, 1.0)
        here = planning.machine(threads, engine_version())
        made.append(Tuning(bundle.digest, here, "2026-01-02T03:04:05+00:00", (rate,)))
        return made[-1]

    monkeypatch.setattr(loading, "time_candidates", tune)
    monkeypatch.setattr(planning, "processor_features", lambda: ("avx512_vnni",))
    return made


def test_a_tuning_is_made_once(two_precisions: Path, tunings: list[Tuning]) -> None:
    assert load(two_precisions, threads=1).variant.precision is Precision.INT8
    for _ in range(2):
        tuned = load(two_precisions, threads=1, tune=True)
        assert tuned.variant.precision is Precision.FP32
        assert tuned.run.tuning == tunings[0]
    assert load(two_precisions, threads=1).variant.precision is Precision.FP32
    assert len(tunings) == 1
    assert load(two_precisions, threads=2).variant.precision is Precision.INT8


def test_a_tuning_that_cannot_be_kept_is_used(
    two_precisions: Path, tunings: list[Tuning], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "remember", lambda _: False)
    assert load(two_precisions, tune=True).variant.precision is Precision.FP32
    assert load(two_precisions).variant.precision is Precision.INT8


def test_nothing_is_timed_where_nothing_is_to_be_chosen(two_precisions: Path, tunings: list[Tuning]) -> None:
    assert load(two_precisions, precision="int8", tune=True).variant.precision is Precision.INT8
    assert not tunings


@needs_openvino
def test_a_bundle_on_openvino(tiny_bundle: Path) -> None:
    parts = load(tiny_bundle, device="openvino", threads=1)
    assert (parts.session.device, parts.run.plan.device) == (Device.OPENVINO, Device.OPENVINO)
    assert parts.run.request.shapes is not None


def test_cuda_graphs_on_another_device_are_refused_before_anything_is_read_or_timed(
    tiny_bundle: Path, tunings: list[Tuning], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_read_files", lambda *_: pytest.fail("the weights were read"))
    with pytest.raises(OptionError, match="cuda_graphs goes with device='cuda', not with device='cpu'"):
        load(tiny_bundle, device="cpu", cuda_graphs=True, tune=True)
    assert not tunings


def test_cuda_graphs_read_the_graph_for_cuda(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    devices: list[str] = []

    def spy(_: Bundle, device: str, *__: Any) -> None:
        devices.append(device)
        raise OptionError("far enough")

    monkeypatch.setattr(loading, "expected_variant", spy)
    with pytest.raises(OptionError, match="far enough"):
        load(tiny_bundle, cuda_graphs=True)
    assert devices == ["cuda"]
