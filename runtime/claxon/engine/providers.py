"""Builds the request to ONNX Runtime from device and threads, and checks what was granted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from claxon.engine.hardware import available_threads
from claxon.engine.padding import FewShapes
from claxon.errors import DeviceError
from claxon.support.validation import choice, count

CPU_PROVIDER = "CPUExecutionProvider"
CUDA_PROVIDER = "CUDAExecutionProvider"
OPENVINO_PROVIDER = "OpenVINOExecutionProvider"
# How ONNX Runtime words what CUDA and its libraries answer: `CUDA failure 35: …`.
CUDA_FAILURE = re.compile(r"\bCU(DA|DNN|BLAS) failure")
CUDA_CAUSES = (
    "Usual causes: no NVIDIA driver (try `nvidia-smi`), CUDA or cuDNN of another major version "
    "(pip install 'onnxruntime-gpu[cuda,cudnn]'), CUDA_VISIBLE_DEVICES empty. `claxon doctor` tells more"
)


class Device(StrEnum):
    """Where to run. ``auto`` uses the result of a tuning, else CUDA if it loads, else the CPU."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    OPENVINO = "openvino"


class Arithmetic(StrEnum):
    """The precision in which OpenVINO computes an fp32 graph, by its own names."""

    BF16 = "bf16"
    F32 = "f32"


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """A session's request to ONNX Runtime.

    Attributes:
        device: What was asked for.
        providers: Execution providers in order of preference.
        threads: Threads inside an operator.
        spinning: Whether threads that wait keep their processor busy: good for a machine of one's own, bad beside
            others. Several callers of one session are faster without it.
        arithmetic: For OpenVINO alone: what it computes in.
        shapes: For OpenVINO, which compiles each, and CUDA: the shapes that feeds are padded to; ``None``: their own.
        captured: For CUDA alone: the shapes that are run as CUDA graphs; ``None``: none.
        compiled: For OpenVINO alone: where it keeps what it compiled; ``None``: nowhere.
        unsigned_weights: For the CPU alone: S8 weights are made U8, where the products would overflow otherwise.
    """

    device: Device
    providers: tuple[str, ...]
    threads: int
    spinning: bool = False
    arithmetic: Arithmetic = Arithmetic.F32
    shapes: FewShapes | None = None
    captured: FewShapes | None = None
    compiled: Path | None = None
    unsigned_weights: bool = False

    @property
    def devices(self) -> tuple[Device, ...]:
        """The possible devices, in order of preference."""
        return tuple(_DEVICES[provider] for provider in self.providers if self._may_end_on(provider))

    def _may_end_on(self, provider: str) -> bool:
        return self.device is Device.AUTO or _DEVICES[provider] is self.device


_DEVICES = {CPU_PROVIDER: Device.CPU, CUDA_PROVIDER: Device.CUDA, OPENVINO_PROVIDER: Device.OPENVINO}


def request(device: str, threads: int | None, available: Sequence[str]) -> EngineRequest:
    """What to ask for.

    Args:
        device: ``auto``, ``cpu``, ``cuda`` or ``openvino``.
        threads: Threads inside an operator; ``None`` takes what affinity and quota allow.
        available: What ``onnxruntime.get_available_providers()`` says.

    Raises:
        OptionError: an unknown device, or fewer threads than one.
        DeviceError: CUDA or OpenVINO was asked for, and this ONNX Runtime has none.
    """
    chosen = choice("device", device, Device)
    threads = count("threads", threads, none_means="what this process may use")
    if chosen is Device.CUDA and CUDA_PROVIDER not in available:
        raise DeviceError(
            f"device='cuda' was requested, but this ONNX Runtime has only {', '.join(available)}; "
            "install the GPU build: pip uninstall onnxruntime && pip install 'claxon[gpu]'"
        )
    if chosen is Device.OPENVINO and OPENVINO_PROVIDER not in available:
        raise DeviceError(
            f"device='openvino' was requested, but this ONNX Runtime has only {', '.join(available)}; "
            "pip install 'claxon[openvino]' (Linux and Windows, x86-64)"
        )
    return EngineRequest(chosen, _providers(chosen, available), threads or available_threads())


def _providers(device: Device, available: Sequence[str]) -> tuple[str, ...]:
    if device is Device.OPENVINO:
        return (OPENVINO_PROVIDER, CPU_PROVIDER)
    wants_cuda = CUDA_PROVIDER in available and device is not Device.CPU
    return (CUDA_PROVIDER, CPU_PROVIDER) if wants_cuda else (CPU_PROVIDER,)


def check_not_cuda(request: EngineRequest, failure: str) -> None:
    """Raise if CUDA was requested and CUDA itself failed, rather than the graph.

    Args:
        request: What was asked for.
        failure: ONNX Runtime's words.

    Raises:
        DeviceError: with the usual causes.
    """
    if request.device is Device.CUDA and CUDA_FAILURE.search(failure):
        raise DeviceError(f"device='cuda' was requested, but CUDA failed: {failure}. {CUDA_CAUSES}")


def check_granted(request: EngineRequest, granted: Sequence[str]) -> None:
    """Raise unless the session runs on the requested device.

    Raises:
        DeviceError: CUDA or OpenVINO was asked for and the session runs without it.
    """
    if request.device is Device.CUDA and CUDA_PROVIDER not in granted:
        raise DeviceError(
            f"device='cuda' was requested, but ONNX Runtime loaded {', '.join(granted)}: its CUDA provider is "
            f"installed but did not start. {CUDA_CAUSES}"
        )
    if request.device is Device.OPENVINO and OPENVINO_PROVIDER not in granted:
        raise DeviceError(
            f"device='openvino' was requested, but ONNX Runtime loaded {', '.join(granted)}: the plugin is installed "
            "but did not accept the graph; `claxon doctor` tells more"
        )


def device_of(granted: Sequence[str]) -> Device:
    """Return the device of a session with these providers."""
    return next((_DEVICES[name] for name in (CUDA_PROVIDER, OPENVINO_PROVIDER) if name in granted), Device.CPU)
