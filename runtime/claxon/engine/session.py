"""Sessions that run graphs. The only module that imports onnxruntime."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from claxon.engine import cuda
from claxon.engine.fork import leak_in_forked_child
from claxon.engine.openvino import provider_options, register, streams
from claxon.engine.padding import FewShapes, cut
from claxon.engine.providers import (
    CPU_PROVIDER,
    CUDA_PROVIDER,
    Device,
    EngineRequest,
    check_granted,
    check_not_cuda,
    device_of,
    request,
)
from claxon.errors import DeviceError, EngineError, MissingDependencyError

if TYPE_CHECKING:
    import onnxruntime

Array = np.ndarray[Any, Any]
NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"
# kOrtSessionOptionsAvx2PrecisionMode. On a processor with VNNI it would cost speed for nothing.
UNSIGNED_WEIGHTS = "session.x64quantprecision"


@cache
def engine() -> ModuleType:
    """Return the onnxruntime module, imported on first use.

    Raises:
        MissingDependencyError: it is not installed; the message names the extras that bring it.
    """
    # Since 1.29 it uploads what it is run for, from a thread that a forked child then waits for at its end.
    os.environ.setdefault(NO_TELEMETRY, "1")
    try:
        onnxruntime = import_module("onnxruntime")
    except ImportError as error:
        raise MissingDependencyError(
            f"onnxruntime cannot be imported ({error}); pip install 'claxon[cpu]', or 'claxon[gpu]' for CUDA"
        ) from error
    if not hasattr(onnxruntime, "InferenceSession"):
        raise MissingDependencyError(
            "onnxruntime is half installed, as happens when its CPU and GPU wheels overwrite each other; "
            "pip uninstall onnxruntime onnxruntime-gpu && pip install 'claxon[cpu]'"
        )
    onnxruntime.set_default_logger_severity(3)
    if os.environ[NO_TELEMETRY] not in ("", "0") and hasattr(onnxruntime, "disable_telemetry_events"):
        onnxruntime.disable_telemetry_events()  # where another package had imported it before
    return onnxruntime


def engine_request(device: str, threads: int | None) -> EngineRequest:
    """Build the request to the installed ONNX Runtime; see ``providers.request`` for the errors."""
    ort = engine()
    if device == Device.OPENVINO:
        register(ort)
    return request(device, threads, ort.get_available_providers())


def engine_version() -> str:
    """The version of ONNX Runtime.

    Raises:
        MissingDependencyError: as ``engine``.
    """
    return str(engine().__version__)


class Session:
    """A loaded graph. Several threads may run it at once."""

    def __init__(
        self,
        graph: bytes,
        weights: Mapping[str, Array],
        request: EngineRequest,
        session_options: onnxruntime.SessionOptions | None = None,
    ) -> None:
        """Load a graph.

        Args:
            graph: The ONNX model.
            weights: Its external initializers by name; ONNX Runtime copies them.
            request: Providers and threads.
            session_options: Used as they are, apart from the weights, which may be made unsigned; ``threads`` is then
                theirs.

        Raises:
            EngineError: ONNX Runtime refuses the graph.
            DeviceError: the device that was asked for did not start.
        """
        ort = engine()
        options = session_options if session_options is not None else default_options(request)
        if request.unsigned_weights:
            options.add_session_config_entry(UNSIGNED_WEIGHTS, "1")
        try:
            values = [ort.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
            options.add_external_initializers(list(weights), values)
            self._session = _start(graph, options, request)
        except DeviceError:
            raise
        except Exception as error:  # ONNX Runtime's exceptions have no common base but Exception
            raise EngineError(f"ONNX Runtime could not load the graph: {error}") from error
        leak_in_forked_child(self)
        check_granted(request, self.providers)
        self._device = device_of(self.providers)
        n_threads = options.intra_op_num_threads or request.threads
        self._callers = {Device.CPU: n_threads, Device.OPENVINO: streams(request)}.get(self._device, 1)
        self._shapes = None if self._device is Device.CPU else request.shapes
        self._graphs = self._graph_runner(request)

    @property
    def providers(self) -> tuple[str, ...]:
        """The execution providers that ONNX Runtime actually uses, the first choice first."""
        return tuple(self._session.get_providers())

    @property
    def device(self) -> Device:
        """The device that it runs on."""
        return self._device

    @property
    def callers(self) -> int:
        """The number of parallel runs that is fastest for many batches; a single run uses all threads on the CPU."""
        return self._callers

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the graph's inputs."""
        return tuple(value.name for value in self._session.get_inputs())

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the graph's outputs."""
        return tuple(value.name for value in self._session.get_outputs())

    def run(self, outputs: Sequence[str], feeds: Mapping[str, Array]) -> list[Array]:
        """The named outputs for ``feeds``.

        Raises:
            EngineError: ONNX Runtime failed, out of memory for instance.
        """
        try:
            if self._graphs is not None:
                return self._graphs.run(outputs, feeds)
            if self._shapes is not None:
                return self._run_padded(self._shapes, outputs, feeds)
            return self._run(outputs, feeds)
        except Exception as error:  # no common base here either
            raise EngineError(f"ONNX Runtime could not run the graph: {error}") from error

    def _run(self, outputs: Sequence[str], feeds: Mapping[str, Array]) -> list[Array]:
        if self._device is Device.CUDA:
            return cuda.run_bound(self._session, outputs, feeds)
        results: list[Array] = self._session.run(list(outputs), dict(feeds))
        return results

    def _run_padded(self, shapes: FewShapes, outputs: Sequence[str], feeds: Mapping[str, Array]) -> list[Array]:
        """Run at one of the engine's preferred shapes."""
        rows, tokens = next(iter(feeds.values())).shape
        return [cut(result, rows, tokens) for result in self._run(outputs, shapes.padded(feeds))]

    def _graph_runner(self, request: EngineRequest) -> cuda.GraphRunner | None:
        """Return the runner of CUDA graphs, if they were requested and CUDA runs."""
        if self._device is not Device.CUDA or request.captured is None or request.shapes is None:
            return None
        return cuda.GraphRunner(engine(), self._session, request.captured, request.shapes)


def _start(graph: bytes, options: onnxruntime.SessionOptions, request: EngineRequest) -> onnxruntime.InferenceSession:
    """Start a session on the requested device; for ``auto``, on the CPU if CUDA does not start.

    ONNX Runtime's own fallback is off: it takes place for ``cuda`` as well, and is told of on standard output.
    """
    ort = engine()
    if request.device is Device.OPENVINO:
        options.add_provider_for_devices([register(ort)], provider_options(request))
        return ort.InferenceSession(graph, options, enable_fallback=0)
    if CUDA_PROVIDER in request.providers:
        cuda.preload(ort)
    providers = [
        (CUDA_PROVIDER, cuda.provider_options(request)) if name == CUDA_PROVIDER else name for name in request.providers
    ]
    try:
        return ort.InferenceSession(graph, options, providers=providers, enable_fallback=0)
    except Exception as error:  # no common base; CUDA that does not start leaves the CPU to `auto`
        check_not_cuda(request, str(error))
        if request.device is not Device.AUTO or CUDA_PROVIDER not in request.providers:
            raise
        return ort.InferenceSession(graph, options, providers=[CPU_PROVIDER], enable_fallback=0)


def default_options(request: EngineRequest) -> onnxruntime.SessionOptions:
    """Return the default session options; a new object each time."""
    options = engine().SessionOptions()
    options.intra_op_num_threads = request.threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # every batch has another shape: patterns would pile up
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if request.spinning else "0")
    return options
