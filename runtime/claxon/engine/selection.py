"""Chooses which of a bundle's encoder graphs to run, where, and why.

A tuning of this machine decides, if there is one. Without one: on the CPU the int8 graph where the bundle holds it and
the processor is fast at it, else fp32; on CUDA fp16 where the bundle holds it, else fp32; on OpenVINO fp32.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from claxon.bundle.manifest import GraphVariant, Precision
from claxon.engine.providers import Device
from claxon.errors import OptionError

AUTO = "auto"
# What `auto` takes on a device that was not tuned, first choice first.
PREFERRED = {
    Device.CPU: (Precision.INT8, Precision.FP32),
    Device.CUDA: (Precision.FP16, Precision.FP32),
    Device.OPENVINO: (Precision.FP32,),
}
# What a graph asks for, where several instruction sets give it. Products of U8 and S8 are added up in 32 bits by these;
# without them x86 adds pairs up in 16 bits, which overflow in silence.
MET_BY = {"vnni": ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp")}
# What ONNX Runtime can do without, at the price of speed: it makes U8 of the S8 weights.
REPLACEABLE = frozenset({"vnni"})
# With one of these, int8 is faster than fp32: 1.4 to 2 times with AVX2 alone.
FAST_INT8 = (*MET_BY["vnni"], "avx512f", "avx2")


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a graph could run: devices in the order of preference, and the processor's features."""

    devices: tuple[Device, ...]
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """A precision on a device."""

    precision: Precision
    device: Device

    def __str__(self) -> str:
        """In words."""
        return f"{self.precision} on {self.device}"


@dataclass(frozen=True, slots=True)
class Choice:
    """The graph to run, its device, and the reason in words."""

    variant: GraphVariant
    device: Device
    reason: str


def choose(variants: Sequence[GraphVariant], precision: str, place: Environment, tuned: Iterable[Pair] = ()) -> Choice:
    """Choose what to run.

    Args:
        variants: The bundle's graphs.
        precision: ``auto``, or one that the bundle holds.
        place: Where it may run.
        tuned: What a tuning of this machine found, the fastest first; asked for ``auto`` alone.

    Raises:
        OptionError: the bundle holds no such precision, or none that runs on these devices and this processor.
    """
    if precision != AUTO:
        return _asked_for(variants, precision, place)
    fit = {Pair(variant.precision, device): variant for variant, device in runnable(variants, place)}
    for pair in tuned:
        if pair in fit:
            return Choice(fit[pair], pair.device, "the fastest when this machine was tuned")
    for pair in (Pair(precision, device) for device in place.devices for precision in _preferred(device, place)):
        if pair in fit:
            return Choice(fit[pair], pair.device, _rule(pair, variants, place))
    raise OptionError(_nothing_runs(variants, place))


def _preferred(device: Device, place: Environment) -> tuple[Precision, ...]:
    """Return the precisions that ``auto`` prefers on a device, first choice first."""
    preferred = PREFERRED[device]
    is_slow = preferred[0] is Precision.INT8 and set(FAST_INT8).isdisjoint(place.features)
    return preferred[::-1] if is_slow else preferred


def runnable(variants: Sequence[GraphVariant], place: Environment) -> list[tuple[GraphVariant, Device]]:
    """Return every pair of graph and device that can run here, in the order of the devices."""
    return [(variant, d) for d in place.devices for variant in variants if obstacle(variant, d, place) is None]


def most_exact(variants: Iterable[GraphVariant]) -> str:
    """Return the most exact precision on the CPU: fp32 if the bundle has it, else ``auto``."""
    held = {variant.precision for variant in variants if runs_on(variant, Device.CPU)}
    return Precision.FP32 if Precision.FP32 in held else AUTO


def runs_on(variant: GraphVariant, device: Device) -> bool:
    """Whether the graph was written for the device; fp32 for the CPU is fp32 for all of them."""
    is_plain = variant.precision is Precision.FP32 and Device.CPU in variant.devices
    return is_plain or device in variant.devices


def missing_features(requires: Iterable[str], features: Iterable[str]) -> tuple[str, ...]:
    """Return the CPU features that a graph needs and the processor lacks."""
    held = set(features)
    return tuple(name for name in requires if held.isdisjoint(MET_BY.get(name, (name,))))


def needs_unsigned_weights(variant: GraphVariant, features: Iterable[str]) -> bool:
    """Whether the graph's S8 weights must be made U8 on the CPU, because its products would overflow as they are."""
    return "vnni" in missing_features(variant.requires, features)


def _asked_for(variants: Sequence[GraphVariant], precision: str, place: Environment) -> Choice:
    requested = next((variant for variant in variants if variant.precision == precision), None)
    if requested is None:
        raise OptionError(f"precision is {str(precision)!r}, but the bundle holds {_precisions(variants)}")
    obstacles = [obstacle(requested, device, place) for device in place.devices]
    for device, problem in zip(place.devices, obstacles, strict=True):
        if problem is None:
            return Choice(requested, device, "asked for")
    here = _precisions([variant for variant, _ in runnable(variants, place)])
    use = f"use {here}, or 'auto'" if here else "export the bundle again with --precision fp32"
    raise OptionError(f"precision is {str(precision)!r}, but {obstacles[0]}; {use}")


def obstacle(variant: GraphVariant, device: Device, place: Environment) -> str | None:
    """Return why a graph cannot run on a device, or ``None`` if it can."""
    if not runs_on(variant, device):
        return f"its graph was written for {', '.join(variant.devices) or 'no device'}, not for {device}"
    missing = [name for name in missing_features(variant.requires, place.features) if name not in REPLACEABLE]
    if not missing or device is Device.CUDA:
        return None
    return (
        f"its graph needs {' and '.join(missing)}, which this CPU does not support "
        f"(it supports {', '.join(place.features) or 'none known'})"
    )


def _rule(pair: Pair, variants: Sequence[GraphVariant], place: Environment) -> str:
    """Return why this pair was chosen."""
    first = _preferred(pair.device, place)[0]
    if pair.precision is Precision.INT8:
        return f"not tuned; int8 is the rule for cpu{_int8_products(variants, place.features)}"
    if pair.precision is PREFERRED[pair.device][0]:
        return f"not tuned; {pair.precision} is the rule for {pair.device}"
    if first is pair.precision and any(variant.precision is Precision.INT8 for variant in variants):
        return "not tuned; int8 is no faster than fp32 on a CPU without AVX2 or dot products"
    first = PREFERRED[pair.device][0]
    held = next((variant for variant in variants if variant.precision is first), None)
    why = f"the bundle has no {first}" if held is None else f"{first}: {obstacle(held, pair.device, place)}"
    return f"not tuned; {why}"


def _int8_products(variants: Sequence[GraphVariant], features: Sequence[str]) -> str:
    """Describe how the products of an int8 graph are computed."""
    units = [name for name in features if name in MET_BY["vnni"]]
    if units:
        return f", which this processor has units for ({', '.join(units)})"
    graph = next(variant for variant in variants if variant.precision is Precision.INT8)
    if needs_unsigned_weights(graph, features):
        return "; without VNNI its weights are made unsigned, which is exact and slower"
    return "; its products are exact without VNNI"


def _nothing_runs(variants: Sequence[GraphVariant], place: Environment) -> str:
    device = place.devices[0]
    obstacles = "; ".join(f"{variant.precision}: {obstacle(variant, device, place)}" for variant in variants)
    return f"nothing in the bundle runs on {device} here ({obstacles}); export it again with --precision fp32"


def _precisions(variants: Sequence[GraphVariant]) -> str:
    return ", ".join(dict.fromkeys(str(variant.precision) for variant in variants))
