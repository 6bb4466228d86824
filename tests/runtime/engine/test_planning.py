"""What runs here: the engine's devices, the processor's features and a tuning, put together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import GraphVariant, Precision
from claxon.engine import planning
from claxon.engine.padding import FewShapes
from claxon.engine.planning import expected_variant, for_encoder, machine, plan_run, recalled
from claxon.engine.providers import (
    CPU_PROVIDER,
    CUDA_PROVIDER,
    OPENVINO_PROVIDER,
    Arithmetic,
    Device,
    EngineRequest,
    request,
)
from claxon.engine.selection import Pair
from claxon.engine.session import engine_version
from claxon.engine.tuning_store import Rate, Tuning, remember
from claxon.errors import DeviceError, OptionError

AVAILABLE = [CPU_PROVIDER, OPENVINO_PROVIDER]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with all it takes, OpenVINO's plugin, an empty cache."""
    monkeypatch.setenv("CLAXON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(planning, "processor_features", lambda: ("avx512_vnni", "amx_bf16"))
    monkeypatch.setattr(planning, "plugin_version", lambda: "1.8")
    monkeypatch.setattr(planning, "engine_request", lambda device, threads: request(device, threads, AVAILABLE))


@pytest.fixture
def bundle(tiny_bundle: Path) -> Bundle:
    """fp32 and int8, by the manifest."""
    opened = Bundle.open(tiny_bundle)
    int8 = GraphVariant(Precision.INT8, "encoder.onnx", None, ("cpu",), ("vnni",), None)
    spec = replace(opened.manifest.encoder, variants=(*opened.manifest.encoder.variants, int8))
    return replace(opened, manifest=replace(opened.manifest, encoder=spec))


def tuned(bundle: Bundle, *pairs: tuple[Precision, Device], threads: int = 2) -> Tuning:
    rates = tuple(Rate(Pair(*pair), 1.0, 1.0) for pair in pairs)
    return Tuning(bundle.digest, machine(threads, engine_version()), "2026-01-02T03:04:05+00:00", rates)


FP32_ON_OPENVINO = (Precision.FP32, Device.OPENVINO)
FP32_ON_CPU = (Precision.FP32, Device.CPU)


@pytest.mark.parametrize(
    ("options", "precision", "device"),
    [
        ({}, "int8", "cpu"),
        ({"device": "cpu"}, "int8", "cpu"),
        ({"precision": "fp32"}, "fp32", "cpu"),
        ({"device": "openvino"}, "fp32", "openvino"),
    ],
)
def test_without_a_tuning(options: dict[str, Any], precision: str, device: str, bundle: Bundle) -> None:
    found = plan_run(bundle, **options)
    assert (found.plan.variant.precision, found.plan.device, found.tuning) == (precision, device, None)
    assert found.request.devices == (found.plan.device,)


@pytest.mark.parametrize(
    ("options", "precision", "device"),
    [
        ({}, "fp32", "openvino"),
        ({"device": "cpu"}, "fp32", "cpu"),
        ({"precision": "int8"}, "int8", "cpu"),
        ({"precision": "fp32"}, "fp32", "cpu"),
    ],
)
def test_a_tuning_is_for_auto(options: dict[str, Any], precision: str, device: str, bundle: Bundle) -> None:
    remember(tuned(bundle, FP32_ON_OPENVINO, FP32_ON_CPU))
    found = plan_run(bundle, threads=2, **options)
    assert (found.plan.variant.precision, found.plan.device) == (precision, device)
    assert (found.tuning is not None) == ("precision" not in options)
    assert found.request.device == device or found.request.devices == (device,)


def test_a_tuning_holds_for_its_number_of_threads(bundle: Bundle) -> None:
    remember(tuned(bundle, FP32_ON_OPENVINO, threads=2))
    assert plan_run(bundle, threads=3).plan.device is Device.CPU
    assert recalled(bundle, 3, None) is None
    assert recalled(bundle, 2, None) == recalled(bundle, 2, engine_version()) == tuned(bundle, FP32_ON_OPENVINO)


def test_a_tuning_can_be_given(bundle: Bundle) -> None:
    given = tuned(bundle, FP32_ON_CPU)
    found = plan_run(bundle, tuning=given)
    assert (found.plan.variant.precision, found.tuning) == ("fp32", given)


def test_a_tuning_that_was_of_no_use_is_not_named(bundle: Bundle) -> None:
    found = plan_run(bundle, device="cpu", tuning=tuned(bundle, FP32_ON_OPENVINO))
    assert (found.plan.variant.precision, found.tuning) == ("int8", None)


def test_what_runs_on_the_cpu_alone_runs_there_beside_cuda(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    with_cuda = [CUDA_PROVIDER, CPU_PROVIDER]
    monkeypatch.setattr(planning, "engine_request", lambda device, threads: request(device, threads, with_cuda))
    assert plan_run(bundle).plan.device is Device.CUDA
    assert plan_run(bundle).request.device is Device.AUTO
    found = plan_run(bundle, precision="int8")
    assert (found.plan.device, found.request.providers) == (Device.CPU, (CPU_PROVIDER,))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"device": "tpu"}, OptionError, "device is 'tpu', expected one of auto, cpu, cuda, openvino"),
        ({"device": "cuda"}, DeviceError, "device='cuda' was requested"),
        ({"device": "openvino", "precision": "int8"}, OptionError, "was written for cpu, not for openvino; use fp32"),
        ({"precision": "fp16"}, OptionError, "the bundle holds fp32, int8"),
    ],
)
def test_an_invalid_option_is_refused(
    options: dict[str, Any], error: type[Exception], message: str, bundle: Bundle
) -> None:
    with pytest.raises(error, match=message):
        plan_run(bundle, **options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "int8"),
        ({"device": "cuda"}, "fp32"),
        ({"precision": "fp32"}, "fp32"),
        ({"precision": "fp16"}, None),
        ({"device": "openvino", "precision": "int8"}, None),
    ],
)
def test_the_expected_variant_is_found_without_loading_an_engine(
    options: dict[str, Any], expected: str | None, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "engine_request", None)
    found = expected_variant(bundle, **{"device": "auto", "precision": "auto", "threads": None} | options)
    assert (None if found is None else found.precision) == expected


def test_a_tuning_is_expected_too(bundle: Bundle) -> None:
    remember(tuned(bundle, FP32_ON_OPENVINO, FP32_ON_CPU))
    found = expected_variant(bundle, "auto", "auto", 2)
    assert found is not None
    assert found.precision is Precision.FP32


@pytest.mark.parametrize(("precision", "arithmetic"), [("auto", Arithmetic.BF16), ("fp32", Arithmetic.F32)])
def test_openvino_is_told_of_the_encoder(precision: str, arithmetic: Arithmetic, bundle: Bundle) -> None:
    found = for_encoder(request("openvino", 1, AVAILABLE), bundle, precision)
    assert found.arithmetic is arithmetic
    assert found.shapes is not None
    assert (found.shapes.max_tokens, found.shapes.pad_id) == (48, bundle.manifest.encoder.pad_id)
    assert found.compiled is None


def test_where_compiled_graphs_are_kept(bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAXON_OPENVINO_CACHE", "1")
    found = for_encoder(request("openvino", 1, AVAILABLE), bundle, "auto").compiled
    assert found == tmp_path / "cache" / "openvino" / f"{bundle.digest[:16]}-1.8-bf16"


@pytest.fixture
def with_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ONNX Runtime with CUDA in it."""
    both = [CUDA_PROVIDER, CPU_PROVIDER]
    monkeypatch.setattr(planning, "engine_request", lambda device, threads: request(device, threads, both))


def with_fp16(bundle: Bundle, *, alone: bool = False) -> Bundle:
    fp16 = GraphVariant(Precision.FP16, "encoder.onnx", None, ("cuda",), (), None)
    others = () if alone else bundle.manifest.encoder.variants
    return replace(
        bundle, manifest=replace(bundle.manifest, encoder=replace(bundle.manifest.encoder, variants=(*others, fp16)))
    )


@pytest.mark.usefixtures("with_cuda")
def test_on_cuda_auto_is_fp16_and_may_still_end_on_the_cpu(bundle: Bundle) -> None:
    found = plan_run(with_fp16(bundle))
    assert (found.plan.variant.precision, found.plan.device) == (Precision.FP16, Device.CUDA)
    assert found.request.device is Device.AUTO, "where CUDA does not start, the CPU has a graph of its own"
    assert "fp16 is the rule for cuda" in found.plan.reason


@pytest.mark.usefixtures("with_cuda")
def test_fp16_by_name_is_cuda_or_an_error(bundle: Bundle) -> None:
    assert plan_run(with_fp16(bundle), precision="fp16").request.device is Device.CUDA
    assert plan_run(with_fp16(bundle), precision="fp32").request.device is Device.AUTO


def test_fp16_on_the_cpu_is_refused_with_what_to_do(bundle: Bundle) -> None:
    with pytest.raises(OptionError, match="'fp16', but its graph was written for cuda, not for cpu; use fp32, int8"):
        plan_run(with_fp16(bundle), precision="fp16")
    with pytest.raises(OptionError, match="export it again with --precision fp32"):
        plan_run(with_fp16(bundle, alone=True))


@pytest.mark.usefixtures("with_cuda")
def test_cuda_is_told_of_the_encoder(bundle: Bundle) -> None:
    request = plan_run(bundle, device="cuda").request
    assert request.shapes == FewShapes.in_eights(48, bundle.manifest.encoder.pad_id)
    assert request.captured is None
    graphs = plan_run(bundle, cuda_graphs=True).request
    assert (graphs.device, graphs.captured) == (Device.CUDA, FewShapes.of_graphs(48, bundle.manifest.encoder.pad_id))


@pytest.mark.parametrize("device", ["cpu", "openvino"])
def test_cuda_graphs_are_for_cuda(device: str, bundle: Bundle) -> None:
    with pytest.raises(OptionError, match=f"cuda_graphs goes with device='cuda', not with device='{device}'"):
        plan_run(bundle, device, cuda_graphs=True)


def test_cuda_graphs_without_cuda_say_what_is_missing(bundle: Bundle) -> None:
    with pytest.raises(DeviceError, match=r"device='cuda' was requested, .*'claxon\[gpu\]'"):
        plan_run(bundle, cuda_graphs=True)


def test_requests_for_other_devices_are_unchanged(bundle: Bundle) -> None:
    request = EngineRequest(Device.CPU, (CPU_PROVIDER,), 1)
    assert for_encoder(request, bundle, "auto") is request
