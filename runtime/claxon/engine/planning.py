"""Plans what runs, where and why, from the request, the machine and its tuning."""

from __future__ import annotations

from dataclasses import dataclass, replace

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import GraphVariant
from claxon.engine.hardware import available_threads, processor_features, processor_name
from claxon.engine.openvino import arithmetic_for, compiled_folder, plugin_version
from claxon.engine.padding import FewShapes
from claxon.engine.providers import CUDA_PROVIDER, Arithmetic, Device, EngineRequest
from claxon.engine.selection import AUTO, Choice, Environment, Pair, choose, runs_on
from claxon.engine.session import engine_request, engine_version
from claxon.engine.tuning_store import Machine, Tuning, is_tuned, recall
from claxon.errors import OptionError
from claxon.support.validation import choice


@dataclass(frozen=True, slots=True)
class Run:
    """What will run: the graph, device and reason, the request to ONNX Runtime, and the tuning used."""

    plan: Choice
    request: EngineRequest
    tuning: Tuning | None = None


def plan_run(
    bundle: Bundle,
    device: str = Device.AUTO,
    precision: str = AUTO,
    threads: int | None = None,
    tuning: Tuning | None = None,
    *,
    cuda_graphs: bool = False,
) -> Run:
    """Plan what runs here. The arguments are those of ``Encoder.load``, and a tuning instead of the saved one.

    Raises:
        OptionError: an option's value cannot be met, or nothing in the bundle runs here.
        DeviceError: the device asked for is not there.
        MissingDependencyError: ONNX Runtime is not installed.
    """
    request = engine_request(with_graphs(device) if cuda_graphs else device, threads)
    if tuning is None and precision == AUTO:
        tuning = recalled(bundle, request.threads, engine_version())
    plan = _choose(bundle, request.device, request.devices, precision, tuning)
    if plan.device is not request.devices[0] or (precision != AUTO and _is_tied(plan, request)):
        request = engine_request(plan.device, request.threads)
    is_tuned_choice = tuning is not None and Pair(plan.variant.precision, plan.device) in tuning.pairs
    request = for_encoder(request, bundle, precision, cuda_graphs=cuda_graphs)
    return Run(plan, request, tuning if is_tuned_choice else None)


def with_graphs(device: str) -> Device:
    """Return the device for CUDA graphs: ``auto`` then means CUDA.

    Raises:
        OptionError: another device was asked for.
    """
    requested = choice("device", device, Device)
    if requested not in (Device.AUTO, Device.CUDA):
        raise OptionError(f"cuda_graphs goes with device='cuda', not with device={str(requested)!r}; leave one out")
    return Device.CUDA


def _is_tied(plan: Choice, request: EngineRequest) -> bool:
    """Whether the graph runs on its device only: asked for by name, that it does not start is an error with causes."""
    return len(request.devices) > 1 and not any(runs_on(plan.variant, device) for device in request.devices[1:])


def expected_variant(bundle: Bundle, device: str, precision: str, threads: int | None) -> GraphVariant | None:
    """Return the graph that ``plan_run`` will most likely choose, without loading an engine; ``None`` if none.

    Reading its weights can begin while the engine loads.

    Raises:
        OptionError: an unknown device.
    """
    requested = choice("device", device, Device)
    likely = Device.CPU if requested is Device.AUTO else requested
    tuning = recalled(bundle, threads, None) if precision == AUTO else None
    try:
        return _choose(bundle, requested, (likely,), precision, tuning).variant
    except OptionError:
        return None


def recalled(bundle: Bundle, threads: int | None, engine: str | None) -> Tuning | None:
    """Return the tuning of the bundle for this machine, thread count and ONNX Runtime version (``None`` for any)."""
    return recall(bundle.digest, machine(threads, engine)) if is_tuned(bundle.digest) else None


def machine(threads: int | None, engine: str | None) -> Machine:
    """Return this machine, as the key of a tuning."""
    n_threads = available_threads() if threads is None else threads
    return Machine(processor_name(), processor_features(), n_threads, engine, plugin_version())


def for_encoder(request: EngineRequest, bundle: Bundle, precision: str, *, cuda_graphs: bool = False) -> EngineRequest:
    """Add to the request what CUDA and OpenVINO need to know about the encoder.

    On OpenVINO fp32 by name is fp32; ``auto`` leaves it to the processor, which may be faster in bfloat16.
    """
    spec = bundle.manifest.encoder
    if CUDA_PROVIDER in request.providers:
        captured = FewShapes.of_graphs(spec.max_tokens, spec.pad_id) if cuda_graphs else None
        return replace(request, shapes=FewShapes.in_eights(spec.max_tokens, spec.pad_id), captured=captured)
    if request.device is not Device.OPENVINO:
        return request
    arithmetic = arithmetic_for(processor_features()) if precision == AUTO else Arithmetic.F32
    compiled = compiled_folder(f"{bundle.digest[:16]}-{plugin_version()}-{arithmetic}")
    shapes = FewShapes(spec.max_tokens, spec.pad_id)
    return replace(request, arithmetic=arithmetic, shapes=shapes, compiled=compiled)


def _choose(
    bundle: Bundle, requested: Device, devices: tuple[Device, ...], precision: str, tuning: Tuning | None
) -> Choice:
    pairs: tuple[Pair, ...] = () if tuning is None else tuning.pairs
    if requested is Device.AUTO and any(pair.device is Device.OPENVINO for pair in pairs):
        devices = (*devices, Device.OPENVINO)
    return choose(bundle.manifest.encoder.variants, precision, Environment(devices, processor_features()), pairs)
