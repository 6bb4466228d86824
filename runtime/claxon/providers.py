"""Device and threads -> what ONNX Runtime is asked for, and a proof of what it gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from claxon.errors import DeviceError
from claxon.options import choice, count
from claxon.threads import available_threads

CPU_PROVIDER = "CPUExecutionProvider"
CUDA_PROVIDER = "CUDAExecutionProvider"


class Device(StrEnum):
    """Where to run. ``auto``: on CUDA where it loads, else on the CPU."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """What a session asks of ONNX Runtime: execution providers in order of preference, threads inside an operator."""

    device: Device
    providers: tuple[str, ...]
    threads: int


def request(device: str, threads: int | None, available: Sequence[str]) -> EngineRequest:
    """What to ask for.

    Args:
        device: ``auto``, ``cpu`` or ``cuda``.
        threads: Threads inside an operator; ``None`` takes what affinity and quota allow.
        available: What ``onnxruntime.get_available_providers()`` says.

    Raises:
        OptionError: an unknown device, or fewer threads than one.
        DeviceError: CUDA was asked for, and this ONNX Runtime has no CUDA in it.
    """
    chosen = choice("device", device, Device)
    threads = count("threads", threads, none_means="what this process may use")
    has_cuda = CUDA_PROVIDER in available
    if chosen is Device.CUDA and not has_cuda:
        raise DeviceError(
            f"device='cuda' was asked for, but this ONNX Runtime has only {', '.join(available)}; "
            "install the GPU build: pip uninstall onnxruntime && pip install 'claxon[gpu]'"
        )
    wants_cuda = has_cuda and chosen is not Device.CPU
    providers = (CUDA_PROVIDER, CPU_PROVIDER) if wants_cuda else (CPU_PROVIDER,)
    return EngineRequest(chosen, providers, threads or available_threads())


def check_granted(asked: EngineRequest, granted: Sequence[str]) -> None:
    """Raise unless the session runs where it was told to.

    Raises:
        DeviceError: CUDA was asked for and the session runs without it.
    """
    if asked.device is Device.CUDA and CUDA_PROVIDER not in granted:
        raise DeviceError(
            f"device='cuda' was asked for, but ONNX Runtime loaded {', '.join(granted)}: its CUDA provider is "
            "installed and did not start. Usual causes: no NVIDIA driver (try `nvidia-smi`), CUDA or cuDNN of another "
            "major version (pip install 'onnxruntime-gpu[cuda,cudnn]'), CUDA_VISIBLE_DEVICES empty. "
            "`claxon doctor` tells more"
        )


def device_of(granted: Sequence[str]) -> Device:
    """The device that a session with these providers runs on."""
    return Device.CUDA if CUDA_PROVIDER in granted else Device.CPU
