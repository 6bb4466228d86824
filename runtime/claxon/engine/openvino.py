"""OpenVINO as a plugin of ONNX Runtime: finding, registering and configuring it.

Every function takes the module ``onnxruntime``, which ``claxon.engine.session`` alone imports.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING

from claxon.engine.providers import OPENVINO_PROVIDER, Arithmetic, EngineRequest
from claxon.errors import DeviceError
from claxon.storage.cache_folder import cache_folder

if TYPE_CHECKING:
    import onnxruntime

WHEEL = "onnxruntime-ep-openvino"
PLUGIN = "onnxruntime_ep_openvino"
REGISTERED_AS = "claxon_openvino"
KEEP_COMPILED = "CLAXON_OPENVINO_CACHE"
# Runs that OpenVINO computes side by side, its threads shared out among them. On two threads with two callers, two made
# 38 % more tokens a second than one on medium texts and 20 % on short ones; more would leave one text few threads.
MOST_STREAMS = 2
CURE = "pip install 'claxon[openvino]' (Linux and Windows, x86-64)"

_registering = Lock()


def plugin_version() -> str | None:
    """Return the version of the installed plugin, or ``None``. Nothing is loaded."""
    try:
        return version(WHEEL)
    except PackageNotFoundError:
        return None


def arithmetic_for(features: tuple[str, ...]) -> Arithmetic:
    """Return bfloat16 if the processor multiplies bfloat16 matrices, where it is faster; else float32."""
    return Arithmetic.BF16 if "amx_bf16" in features else Arithmetic.F32


def compiled_folder(name: str, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder of compiled graphs, if ``CLAXON_OPENVINO_CACHE=1`` and it can be written.

    Not by default: OpenVINO checks its files by their length only, and they hold the weights, so that a changed file
    gives wrong numbers in silence. What it saves is small: 0.4 of 2.9 seconds for MPNet base, for 436 MB of disk and
    415 MB more at the peak.
    """
    if environment.get(KEEP_COMPILED) != "1":
        return None
    folder = cache_folder(environment) / "openvino" / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def register(ort: ModuleType) -> onnxruntime.OrtEpDevice:
    """Register OpenVINO's library with ONNX Runtime, once per process, and return its CPU device.

    Raises:
        DeviceError: the plugin is not installed, does not load, or has no device for this processor.
    """
    if not hasattr(ort, "register_execution_provider_library"):
        raise DeviceError(f"device='openvino' needs ONNX Runtime 1.23 or later, found {ort.__version__}; {CURE}")
    with _registering:
        device = _device(ort)
        if device is None:
            _register_library(ort)
            device = _device(ort)
    if device is None:
        raise DeviceError("the OpenVINO plugin loaded, but it offers no device for this processor; use device='cpu'")
    return device


def provider_options(request: EngineRequest) -> dict[str, str]:
    """Return the plugin's options: OpenVINO's own configuration of its CPU device."""
    device: dict[str, str] = {
        "INFERENCE_PRECISION_HINT": request.arithmetic,
        "INFERENCE_NUM_THREADS": str(request.threads),
        "NUM_STREAMS": str(streams(request)),
    }
    if request.compiled is not None:
        device["CACHE_DIR"] = str(request.compiled)
    return {"load_config": json.dumps({"CPU": device})}


def streams(request: EngineRequest) -> int:
    """Return how many runs OpenVINO computes in parallel."""
    return min(request.threads, MOST_STREAMS)


def _device(ort: ModuleType) -> onnxruntime.OrtEpDevice | None:
    devices = [device for device in ort.get_ep_devices() if device.ep_name == OPENVINO_PROVIDER]
    return next((device for device in devices if device.ep_metadata.get("ov_device") == "CPU"), None)


def _register_library(ort: ModuleType) -> None:
    try:
        library = import_module(PLUGIN).get_library_path()
    except (ImportError, FileNotFoundError) as error:
        raise DeviceError(f"device='openvino' was requested, but its plugin is missing ({error}); {CURE}") from error
    try:
        ort.register_execution_provider_library(REGISTERED_AS, library)
    except Exception as error:  # ONNX Runtime's exceptions have no common base but Exception
        raise DeviceError(f"the OpenVINO plugin does not load: {error}; {CURE}") from error
