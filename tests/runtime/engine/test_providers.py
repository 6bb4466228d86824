"""What is asked of ONNX Runtime, and what of its answers is accepted."""

from __future__ import annotations

from typing import Any

import pytest

from claxon.engine import providers
from claxon.engine.providers import (
    CPU_PROVIDER,
    CUDA_PROVIDER,
    OPENVINO_PROVIDER,
    Device,
    EngineRequest,
    check_granted,
    check_not_cuda,
    device_of,
    request,
)
from claxon.errors import DeviceError, OptionError

CPU_ONLY = ["AzureExecutionProvider", CPU_PROVIDER]
WITH_OPENVINO = [*CPU_ONLY, OPENVINO_PROVIDER]
WITH_CUDA = ["TensorrtExecutionProvider", CUDA_PROVIDER, CPU_PROVIDER]


@pytest.mark.parametrize(
    ("device", "available", "asked"),
    [
        ("auto", CPU_ONLY, (CPU_PROVIDER,)),
        ("cpu", CPU_ONLY, (CPU_PROVIDER,)),
        ("auto", WITH_CUDA, (CUDA_PROVIDER, CPU_PROVIDER)),
        ("cuda", WITH_CUDA, (CUDA_PROVIDER, CPU_PROVIDER)),
        ("cpu", WITH_CUDA, (CPU_PROVIDER,)),
        (Device.CPU, WITH_CUDA, (CPU_PROVIDER,)),
        ("auto", WITH_OPENVINO, (CPU_PROVIDER,)),
        ("cpu", WITH_OPENVINO, (CPU_PROVIDER,)),
        ("openvino", WITH_OPENVINO, (OPENVINO_PROVIDER, CPU_PROVIDER)),
    ],
)
def test_the_providers_of_a_device(device: str, available: list[str], asked: tuple[str, ...]) -> None:
    found = request(device, 3, available)
    assert found == EngineRequest(Device(device), asked, 3)


def test_cuda_that_is_not_built_in_says_what_to_install() -> None:
    with pytest.raises(DeviceError, match=r"only AzureExecutionProvider, CPUExecutionProvider; .*'claxon\[gpu\]'"):
        request("cuda", 1, CPU_ONLY)


def test_openvino_that_is_not_there_says_what_to_install() -> None:
    with pytest.raises(DeviceError, match=r"device='openvino' was requested, .*'claxon\[openvino\]'"):
        request("openvino", 1, CPU_ONLY)


@pytest.mark.parametrize(
    ("device", "available", "devices"),
    [
        ("auto", CPU_ONLY, (Device.CPU,)),
        ("auto", WITH_CUDA, (Device.CUDA, Device.CPU)),
        ("cuda", WITH_CUDA, (Device.CUDA,)),
        ("openvino", WITH_OPENVINO, (Device.OPENVINO,)),
        ("cpu", WITH_CUDA, (Device.CPU,)),
    ],
)
def test_the_devices_that_a_session_may_end_on(device: str, available: list[str], devices: tuple[Device, ...]) -> None:
    assert request(device, 1, available).devices == devices


@pytest.mark.parametrize("device", ["gpu", "cuda:0", "CPU", ""])
def test_an_unknown_device_is_told_the_known_ones(device: str) -> None:
    with pytest.raises(OptionError, match=f"device is '{device}', expected one of auto, cpu, cuda, openvino"):
        request(device, 1, WITH_CUDA)


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True])
def test_threads_are_one_or_more(threads: Any) -> None:
    with pytest.raises(OptionError, match=r"threads is .*, expected 1 or more, or None for what this process may use"):
        request("cpu", threads, CPU_ONLY)


def test_threads_are_those_of_the_process_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "available_threads", lambda: 7)
    assert request("cpu", None, CPU_ONLY).threads == 7
    assert request("cpu", 2, CPU_ONLY).threads == 2


def test_cuda_that_did_not_start_is_an_error_with_causes() -> None:
    asked = request("cuda", 1, WITH_CUDA)
    with pytest.raises(DeviceError, match=r"loaded CPUExecutionProvider: .*nvidia-smi.*cuDNN.*claxon doctor"):
        check_granted(asked, [CPU_PROVIDER])


@pytest.mark.parametrize(
    ("device", "failure", "is_cuda"),
    [
        ("cuda", "CUDA failure 35: CUDA driver version is insufficient", True),
        ("cuda", "CUDNN failure 1001: CUDNN_STATUS_NOT_INITIALIZED", True),
        ("cuda", "the model has an unknown operator for CUDAExecutionProvider", False),
        ("auto", "CUDA failure 35: CUDA driver version is insufficient", False),
    ],
)
def test_a_failure_of_cuda_is_told_from_others(device: str, failure: str, is_cuda: bool) -> None:
    asked = request(device, 1, WITH_CUDA)
    if not is_cuda:
        check_not_cuda(asked, failure)
        return
    with pytest.raises(DeviceError, match=r"but CUDA failed: CUD.*failure.*nvidia-smi.*claxon doctor"):
        check_not_cuda(asked, failure)


def test_openvino_that_did_not_take_the_graph_is_an_error() -> None:
    with pytest.raises(DeviceError, match="loaded CPUExecutionProvider: the plugin is installed"):
        check_granted(request("openvino", 1, WITH_OPENVINO), [CPU_PROVIDER])
    check_granted(request("openvino", 1, WITH_OPENVINO), [OPENVINO_PROVIDER, CPU_PROVIDER])


@pytest.mark.parametrize(
    ("device", "granted"),
    [
        ("cuda", [CUDA_PROVIDER, CPU_PROVIDER]),
        ("auto", [CPU_PROVIDER]),
        ("auto", [CUDA_PROVIDER, CPU_PROVIDER]),
        ("cpu", [CPU_PROVIDER]),
    ],
)
def test_granted_providers_that_match_the_request_pass(device: str, granted: list[str]) -> None:
    check_granted(request(device, 1, WITH_CUDA), granted)


def test_the_device_is_what_was_granted() -> None:
    assert device_of([CUDA_PROVIDER, CPU_PROVIDER]) is Device.CUDA
    assert device_of([OPENVINO_PROVIDER, CPU_PROVIDER]) is Device.OPENVINO
    assert device_of([CPU_PROVIDER]) is Device.CPU
