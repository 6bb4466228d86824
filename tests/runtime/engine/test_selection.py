"""Which graph is run where: what was asked for, what a tuning found, and the rule without one."""

from __future__ import annotations

import pytest

from claxon.bundle.manifest import GraphVariant, Precision
from claxon.engine.providers import Device
from claxon.engine.selection import (
    Environment,
    Pair,
    choose,
    missing_features,
    most_exact,
    needs_unsigned_weights,
    runnable,
    runs_on,
)
from claxon.errors import OptionError

CPU, CUDA, OPENVINO = Device.CPU, Device.CUDA, Device.OPENVINO


def variant(precision: Precision, devices: tuple[str, ...] = ("cpu",), requires: tuple[str, ...] = ()) -> GraphVariant:
    return GraphVariant(precision, f"{precision}.onnx", None, devices, requires, None)


FP32 = variant(Precision.FP32)
INT8 = variant(Precision.INT8, requires=("vnni",))
SAFE = variant(Precision.INT8)
OTHER = variant(Precision.INT8, requires=("vnni", "sme"))
FP16 = variant(Precision.FP16, ("cuda",))
ALL = [FP32, INT8, FP16]
VNNI = ("avx2", "avx512_vnni")


@pytest.mark.parametrize(
    ("held", "device", "features", "chosen"),
    [
        (ALL, CPU, VNNI, INT8),
        (ALL, CPU, ("avx2",), INT8),
        ([FP32, SAFE], CPU, ("avx2",), SAFE),
        ([FP32, SAFE], CPU, (), FP32),
        ([INT8], CPU, (), INT8),
        (ALL, CPU, (), FP32),
        ([FP32], CPU, VNNI, FP32),
        ([INT8], CPU, VNNI, INT8),
        (ALL, CUDA, VNNI, FP16),
        ([FP32, INT8], CUDA, VNNI, FP32),
        (ALL, OPENVINO, VNNI, FP32),
    ],
)
def test_the_rule(held: list[GraphVariant], device: Device, features: tuple[str, ...], chosen: GraphVariant) -> None:
    plan = choose(held, "auto", Environment((device,), features))
    assert (plan.variant, plan.device) == (chosen, device)
    assert plan.reason.startswith("not tuned; ")


@pytest.mark.parametrize(
    ("held", "features", "reason"),
    [
        (ALL, VNNI, "int8 is the rule for cpu, which this processor has units for (avx512_vnni)"),
        (ALL, ("avx2",), "int8 is the rule for cpu; without VNNI its weights are made unsigned, which is exact and"),
        ([FP32, SAFE], ("avx2",), "int8 is the rule for cpu; its products are exact without VNNI"),
        (ALL, (), "int8 is no faster than fp32 on a CPU without AVX2 or dot products"),
        ([FP32, OTHER], VNNI, "int8: its graph needs sme, which this CPU does not support (it supports avx2, avx512_v"),
        ([FP32], VNNI, "the bundle has no int8"),
    ],
)
def test_the_rule_says_why(held: list[GraphVariant], features: tuple[str, ...], reason: str) -> None:
    assert reason in choose(held, "auto", Environment((CPU,), features)).reason


def test_the_first_device_that_can_is_taken() -> None:
    assert choose(ALL, "auto", Environment((CUDA, CPU), VNNI)).variant is FP16
    found = choose([INT8], "auto", Environment((CUDA, CPU), VNNI))
    assert (found.variant, found.device) == (INT8, CPU)


def test_a_tuning_comes_before_the_rule() -> None:
    tuned = [Pair(Precision.FP32, OPENVINO), Pair(Precision.FP32, CPU), Pair(Precision.INT8, CPU)]
    everywhere = choose(ALL, "auto", Environment((CPU, OPENVINO), VNNI), tuned)
    assert (everywhere.variant, everywhere.device) == (FP32, OPENVINO)
    assert everywhere.reason == "the fastest when this machine was tuned"
    on_cpu = choose(ALL, "auto", Environment((CPU,), VNNI), tuned)
    assert (on_cpu.variant, on_cpu.device) == (FP32, CPU)


def test_a_tuning_of_what_is_not_there_leaves_the_rule() -> None:
    assert (
        choose([FP32], "auto", Environment((CPU,)), [Pair(Precision.INT8, CPU), Pair(Precision.FP16, CUDA)]).variant
        is FP32
    )


@pytest.mark.parametrize(("precision", "chosen"), [("fp32", FP32), ("int8", INT8), (Precision.INT8, INT8)])
def test_the_variant_of_a_precision(precision: str, chosen: GraphVariant) -> None:
    plan = choose(ALL, precision, Environment((CPU,), VNNI), [Pair(Precision.FP32, OPENVINO)])
    assert (plan.variant, plan.device, plan.reason) == (chosen, CPU, "asked for")


@pytest.mark.parametrize("precision", ["bf16", "INT8", ""])
def test_a_precision_that_is_not_held(precision: str) -> None:
    with pytest.raises(OptionError, match=f"^precision is '{precision}', but the bundle holds fp32, int8, fp16$"):
        choose(ALL, precision, Environment((CPU,), VNNI))


def test_a_precision_that_the_processor_cannot_run() -> None:
    message = r"^precision is 'int8', but its graph needs sme, which .* \(it supports avx2\); use fp32, or 'auto'"
    with pytest.raises(OptionError, match=message):
        choose([FP32, OTHER], "int8", Environment((CPU,), ("avx2",)))


@pytest.mark.parametrize(
    ("requires", "features", "is_needed"),
    [(("vnni",), ("avx2",), True), (("vnni",), ("asimddp",), False), ((), ("avx2",), False)],
)
def test_weights_are_made_unsigned_where_products_would_overflow(
    requires: tuple[str, ...], features: tuple[str, ...], is_needed: bool
) -> None:
    assert needs_unsigned_weights(variant(Precision.INT8, requires=requires), features) is is_needed


@pytest.mark.parametrize("device", [CUDA, OPENVINO])
def test_a_precision_that_the_device_does_not_run(device: Device) -> None:
    with pytest.raises(OptionError, match=f"was written for cpu, not for {device}; use fp32"):
        choose(ALL, "int8", Environment((device,), VNNI))


@pytest.mark.parametrize(
    ("held", "device", "message"),
    [
        ([OTHER], CPU, r"nothing in the bundle runs on cpu here \(int8: its graph needs sme, .*supports none known"),
        ([INT8], OPENVINO, r"runs on openvino here \(int8: its graph was written for cpu"),
        ([FP16], CPU, r"fp16: its graph was written for cuda.*export it again with --precision fp32"),
    ],
)
def test_a_bundle_with_nothing_that_runs_here(held: list[GraphVariant], device: Device, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        choose(held, "auto", Environment((device,)))


@pytest.mark.parametrize(
    ("held", "expected"), [(ALL, "fp32"), ([INT8], "auto"), ([FP16, INT8], "auto"), ([FP32], "fp32")]
)
def test_fp32_is_the_most_exact_precision(held: list[GraphVariant], expected: str) -> None:
    assert most_exact(held) == expected


def test_fp32_for_the_cpu_is_fp32_for_all() -> None:
    assert all(runs_on(FP32, device) for device in (CPU, CUDA, OPENVINO))
    assert [device for device in (CPU, CUDA, OPENVINO) if runs_on(INT8, device)] == [CPU]
    assert not runs_on(variant(Precision.FP32, ("cuda",)), CPU)


def test_every_pair_of_graph_and_device_that_runs_here_is_listed() -> None:
    found = runnable(ALL, Environment((CUDA, CPU), ()))
    assert found == [(FP32, CUDA), (FP16, CUDA), (FP32, CPU), (INT8, CPU)]


@pytest.mark.parametrize("feature", ["avx512_vnni", "avx_vnni", "amx_int8", "asimddp"])
def test_features_with_32_bit_sums_satisfy_vnni(feature: str) -> None:
    assert missing_features(["vnni"], ["avx2", feature]) == ()
    assert missing_features(["vnni", "amx_bf16"], [feature]) == ("amx_bf16",)


def test_a_graph_for_cuda_asks_nothing_of_the_processor() -> None:
    both = variant(Precision.INT8, ("cpu", "cuda"), ("sme",))
    assert runnable([both], Environment((CUDA, CPU), ())) == [(both, CUDA)]


def test_a_pair_in_words() -> None:
    assert str(Pair(Precision.FP32, OPENVINO)) == "fp32 on openvino"
