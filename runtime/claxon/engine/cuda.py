"""Runs on CUDA: what its provider is told, outputs that stay on the device until they are asked for, CUDA graphs.

Every function takes the module ``onnxruntime`` or its session, which ``claxon.engine.session`` alone imports. The tests
show what ONNX Runtime is asked for; `make gpu-check` runs it on a GPU (docs/devices.md has the figures).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from claxon.engine.padding import FewShapes, cut
from claxon.engine.providers import EngineRequest

if TYPE_CHECKING:
    import onnxruntime

Array = np.ndarray[Any, Any]

DEVICE = "cuda"
# Names a captured graph in a run's options; NO_GRAPH runs without capturing.
# https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html#using-cuda-graphs-preview
GRAPH_KEY = "gpu_graph_id"
NO_GRAPH = "-1"


def preload(ort: ModuleType, places: Sequence[str] | None = None) -> None:
    """Load CUDA's and cuDNN's libraries from NVIDIA's wheels, wherever they are installed.

    ``preload_dlls`` looks beside its own folder and in the system's. An ONNX Runtime in a folder of its own, named in
    ``PYTHONPATH``, does not lie beside the wheels, so it is told where they are. What it cannot find, it says on
    standard output, which is for results.

    Args:
        ort: The module; one that cannot load libraries is left as it is.
        places: Folders of packages; ``None``: ``sys.path``.
    """
    if not hasattr(ort, "preload_dlls"):
        return
    with redirect_stdout(sys.stderr):
        toolkit = _toolkit(Path(ort.__file__ or "").parent.parent, sys.path if places is None else places)
        if toolkit is None:
            ort.preload_dlls()
        else:
            ort.preload_dlls(cudnn=False, directory=str(toolkit))
            ort.preload_dlls(cuda=False, directory=str(toolkit.parents[1] / "cudnn" / "lib"))


def _toolkit(beside: Path, places: Sequence[str]) -> Path | None:
    """The folder of CUDA's libraries, from CUDA 13's wheels; ``None`` where ONNX Runtime finds them, or there are none.

    Those wheels put CUDA into ``nvidia/cu13/lib`` and cuDNN into ``nvidia/cudnn/lib``.
    """
    homes = [Path(place) / "nvidia" for place in places]
    found = [(home, sorted(home.glob("cu[0-9]*/lib"))) for home in homes if (home / "cudnn" / "lib").is_dir()]
    home, toolkits = next(((home, toolkits) for home, toolkits in found if toolkits), (None, []))
    return None if home is None or home == beside / "nvidia" else toolkits[-1]


def provider_options(request: EngineRequest) -> dict[str, str]:
    """The options of the CUDA provider."""
    return {
        # The arena grows by what is asked for, not by powers of two: shapes change, and the GPU is shared with others.
        "arena_extend_strategy": "kSameAsRequested",
        # SkipLayerNormalization otherwise adds float16 squares up in float16.
        "enable_skip_layer_norm_strict_mode": "1",
        # fp32 is fp32, not ten bits of it; fp16 is there for speed.
        "use_tf32": "0",
        **({} if request.captured is None else {"enable_cuda_graph": "1"}),
    }


def run_bound(
    session: onnxruntime.InferenceSession,
    outputs: Sequence[str],
    feeds: Mapping[str, Array],
    options: onnxruntime.RunOptions | None = None,
) -> list[Array]:
    """The named outputs for ``feeds``: all stay on the device until they are there, and only those asked for come back.

    A binding is one call's: threads may share a session.
    """
    binding = session.io_binding()
    for name, array in feeds.items():
        binding.bind_cpu_input(name, np.ascontiguousarray(array))
    for name in outputs:
        binding.bind_output(name, DEVICE)
    session.run_with_iobinding(binding, options)
    results: list[Array] = binding.copy_outputs_to_cpu()
    return results


class GraphRunner:
    """Runs small batches as CUDA graphs, one for each of few shapes: all kernels are launched at once.

    A graph is captured when its shape comes first. It reads and writes fixed memory, so inputs are copied there. ONNX
    Runtime keeps graphs by thread and captures whatever its one stream is given, so one thread makes all runs.
    """

    def __init__(
        self, ort: ModuleType, session: onnxruntime.InferenceSession, captured: FewShapes, others: FewShapes
    ) -> None:
        """Run a session that was started with ``enable_cuda_graph``.

        Args:
            ort: The module.
            session: On CUDA.
            captured: The shapes that become graphs.
            others: The shapes that larger batches are padded to.
        """
        self._ort = ort
        self._session = session
        self._captured, self._others = captured, others
        self._graphs: dict[tuple[int, int, tuple[str, ...]], _Graph] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="claxon-cuda")

    def run(self, outputs: Sequence[str], feeds: Mapping[str, Array]) -> list[Array]:
        """The named outputs for ``feeds``, of shape ``(texts, tokens)`` each."""
        return self._thread.submit(self._run, tuple(outputs), feeds).result()

    def _run(self, outputs: tuple[str, ...], feeds: Mapping[str, Array]) -> list[Array]:
        rows, tokens = next(iter(feeds.values())).shape
        if self._captured.holds(rows, tokens):
            results = self._replayed(outputs, self._captured.padded(feeds))
        else:
            results = run_bound(self._session, outputs, self._others.padded(feeds), self._run_options(NO_GRAPH))
        return [cut(result, rows, tokens) for result in results]

    def _replayed(self, outputs: tuple[str, ...], feeds: Mapping[str, Array]) -> list[Array]:
        rows, tokens = next(iter(feeds.values())).shape
        key = (rows, tokens, outputs)
        if key not in self._graphs:
            self._graphs[key] = self._new_graph(outputs, feeds)
        graph = self._graphs[key]
        for name, array in feeds.items():
            graph.inputs[name].update_inplace(np.ascontiguousarray(array))
        self._session.run_with_iobinding(graph.binding, graph.options)
        return [value.numpy() for value in graph.outputs]

    def _new_graph(self, outputs: tuple[str, ...], feeds: Mapping[str, Array]) -> _Graph:
        """Fixed memory on the device for a shape, bound; the first run captures."""
        rows, tokens = next(iter(feeds.values())).shape
        binding = self._session.io_binding()
        inputs = {name: self._memory(array.shape, array.dtype) for name, array in feeds.items()}
        shapes = {value.name: _shape(value.shape, rows, tokens) for value in self._session.get_outputs()}
        results = [self._memory(shapes[name], np.dtype(np.float32)) for name in outputs]
        for name, value in inputs.items():
            binding.bind_ortvalue_input(name, value)
        for name, value in zip(outputs, results, strict=True):
            binding.bind_ortvalue_output(name, value)
        return _Graph(binding, inputs, results, self._run_options(str(len(self._graphs) + 1)))

    def _memory(self, shape: Sequence[int], kind: np.dtype[Any]) -> onnxruntime.OrtValue:
        return self._ort.OrtValue.ortvalue_from_shape_and_type(list(shape), kind.type, DEVICE)

    def _run_options(self, graph: str) -> onnxruntime.RunOptions:
        options = self._ort.RunOptions()
        options.add_run_config_entry(GRAPH_KEY, graph)
        return options


@dataclass(frozen=True, slots=True)
class _Graph:
    """What a captured graph reads and writes, and the options that name it."""

    binding: onnxruntime.IOBinding
    inputs: dict[str, onnxruntime.OrtValue]
    outputs: list[onnxruntime.OrtValue]
    options: onnxruntime.RunOptions


def _shape(declared: Sequence[int | str], rows: int, tokens: int) -> tuple[int, ...]:
    """An output's shape: ``(batch, width)``, or ``(batch, tokens, width)``; what is a name there has a size here."""
    sizes = (rows, tokens)
    return tuple(size if isinstance(size, int) else sizes[axis] for axis, size in enumerate(declared))
