"""What ONNX Runtime is asked for on CUDA: options, bindings, graphs. There is no GPU in it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from claxon.engine.cuda import GraphRunner, preload, provider_options, run_bound
from claxon.engine.padding import FewShapes
from claxon.engine.providers import CPU_PROVIDER, CUDA_PROVIDER, Device, EngineRequest

CUDA = EngineRequest(Device.CUDA, (CUDA_PROVIDER, CPU_PROVIDER), threads=1)
GRAPHS = FewShapes.of_graphs(48, 1)
EIGHTS = FewShapes.in_eights(48, 1)
WIDTH = 3


class Value:
    """Memory on the device."""

    def __init__(self, shape: list[int], kind: Any, device: str) -> None:
        assert device == "cuda"
        self.array: Any = np.zeros(shape, kind)

    def update_inplace(self, array: Any) -> None:
        assert array.shape == self.array.shape
        assert array.dtype == self.array.dtype
        assert array.flags["C_CONTIGUOUS"]
        self.array[:] = array

    def numpy(self) -> Any:
        return self.array.copy()


class Binding:
    """Notes what is bound; inputs on the CPU have been copied when the run begins."""

    def __init__(self) -> None:
        self.inputs: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}

    def bind_cpu_input(self, name: str, array: Any) -> None:
        self.inputs[name] = array

    def bind_ortvalue_input(self, name: str, value: Value) -> None:
        self.inputs[name] = value.array

    def bind_output(self, name: str, device: str) -> None:
        assert device == "cuda"
        self.outputs[name] = None

    def bind_ortvalue_output(self, name: str, value: Value) -> None:
        self.outputs[name] = value.array

    def copy_outputs_to_cpu(self) -> list[Any]:
        return list(self.outputs.values())


class FakeSession:
    """Gives every text its sum of ids in each column, and notes the runs: binding, graph, thread."""

    def __init__(self) -> None:
        self.runs: list[tuple[Binding, str | None, int]] = []

    def io_binding(self) -> Binding:
        return Binding()

    def get_outputs(self) -> list[Any]:
        shapes = {"mean": ["batch", WIDTH], "token_states": ["batch", "tokens", WIDTH]}
        return [SimpleNamespace(name=name, shape=shape) for name, shape in shapes.items()]

    def run_with_iobinding(self, binding: Binding, options: Any) -> None:
        graph = None if options is None else options.entries["gpu_graph_id"]
        self.runs.append((binding, graph, threading.get_ident()))
        ids = (binding.inputs["input_ids"] * binding.inputs["attention_mask"]).astype(np.float32)
        values = {
            "mean": np.repeat(ids.sum(axis=1, keepdims=True), WIDTH, axis=1),
            "token_states": np.repeat(ids[..., None], WIDTH, axis=2),
        }
        for name, memory in binding.outputs.items():
            if memory is None:
                binding.outputs[name] = values[name]
            else:
                memory[:] = values[name]


class Options:
    def __init__(self) -> None:
        self.entries: dict[str, str] = {}

    def add_run_config_entry(self, key: str, value: str) -> None:
        self.entries[key] = value


ORT: Any = SimpleNamespace(OrtValue=SimpleNamespace(ortvalue_from_shape_and_type=Value), RunOptions=Options)


def feeds(rows: int, tokens: int, seed: int = 0) -> dict[str, Any]:
    ids = np.random.default_rng(seed).integers(2, 50, (rows, tokens))
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def sums(given: dict[str, Any]) -> Any:
    return np.repeat(given["input_ids"].sum(axis=1, keepdims=True), WIDTH, axis=1)


@pytest.fixture
def session() -> Any:
    return FakeSession()


@pytest.fixture
def runner(session: Any) -> GraphRunner:
    return GraphRunner(ORT, session, GRAPHS, EIGHTS)


@pytest.mark.parametrize(
    ("home", "expected"),
    [
        ("wheels", [{"cudnn": False, "directory": "cu13/lib"}, {"cuda": False, "directory": "cudnn/lib"}]),
        ("engine", [{}]),  # beside ONNX Runtime, where it looks itself
        ("nowhere", [{}]),
    ],
)
def test_libraries_are_loaded_from_wherever_the_wheels_are(
    home: str, expected: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("cu13/lib", "cudnn/lib", "nccl/lib"):
        (tmp_path / home / "nvidia" / folder).mkdir(parents=True)
    asked: list[dict[str, Any]] = []

    def note(**words: Any) -> None:
        print("cuFFT is missing")
        asked.append(words)

    ort: Any = SimpleNamespace(__file__=str(tmp_path / "engine/onnxruntime/__init__.py"), preload_dlls=note)
    preload(ort, [str(tmp_path / name) for name in ("empty", "engine", "wheels")])
    named = [
        word | ({"directory": str(tmp_path / home / "nvidia" / word["directory"])} if word else {}) for word in expected
    ]
    assert asked == named
    assert not capsys.readouterr().out


def test_an_engine_that_loads_no_libraries_is_left_alone() -> None:
    preload(SimpleNamespace())  # type: ignore[arg-type]  # CPU builds before 1.21


def test_sums_are_float32_and_fp32_is_fp32() -> None:
    assert provider_options(CUDA) == {
        "arena_extend_strategy": "kSameAsRequested",
        "enable_skip_layer_norm_strict_mode": "1",
        "use_tf32": "0",
    }


def test_graphs_are_an_option() -> None:
    assert provider_options(replace(CUDA, captured=GRAPHS))["enable_cuda_graph"] == "1"


def test_only_what_is_asked_for_is_bound(session: Any) -> None:
    given = feeds(2, 5)
    [found] = run_bound(session, ["mean"], given)
    np.testing.assert_array_equal(found, sums(given))
    [(binding, graph, _)] = session.runs
    assert (set(binding.inputs), set(binding.outputs), graph) == ({"input_ids", "attention_mask"}, {"mean"}, None)


@pytest.mark.parametrize(("rows", "tokens", "shape"), [(1, 3, (1, 16)), (3, 17, (4, 32)), (8, 48, (8, 48))])
def test_a_small_batch_is_a_graph_of_its_shape(
    rows: int, tokens: int, shape: tuple[int, int], runner: GraphRunner, session: Any
) -> None:
    given = feeds(rows, tokens)
    found, states = runner.run(["mean", "token_states"], given)
    np.testing.assert_array_equal(found, sums(given))
    np.testing.assert_array_equal(states[..., 0], given["input_ids"])
    [(binding, graph, _)] = session.runs
    assert (binding.inputs["input_ids"].shape, graph) == (shape, "1")


def test_a_shape_is_captured_once_and_its_memory_stays(runner: GraphRunner, session: Any) -> None:
    for seed, tokens in enumerate([5, 9, 16]):
        given = feeds(2, tokens, seed)
        np.testing.assert_array_equal(runner.run(["mean"], given)[0], sums(given))
    assert len({id(binding) for binding, _, _ in session.runs}) == 1
    assert {graph for _, graph, _ in session.runs} == {"1"}


def test_a_result_is_no_view_of_what_the_next_run_overwrites(runner: GraphRunner) -> None:
    first, second = feeds(1, 4), feeds(1, 4, seed=1)
    kept = runner.run(["mean"], first)[0]
    runner.run(["mean"], second)
    np.testing.assert_array_equal(kept, sums(first))


def test_each_shape_and_output_gets_its_own_graph(runner: GraphRunner, session: Any) -> None:
    for rows, outputs in [(1, ["mean"]), (2, ["mean"]), (2, ["mean", "token_states"]), (1, ["mean"])]:
        runner.run(outputs, feeds(rows, 4))
    assert [graph for _, graph, _ in session.runs] == ["1", "2", "3", "1"]


@pytest.mark.parametrize(("rows", "tokens"), [(9, 4), (300, 48)])
def test_a_larger_batch_is_not_captured(rows: int, tokens: int, runner: GraphRunner, session: Any) -> None:
    given = feeds(rows, tokens)
    np.testing.assert_array_equal(runner.run(["mean"], given)[0], sums(given))
    [(binding, graph, _)] = session.runs
    assert graph == "-1"
    assert binding.inputs["input_ids"].shape == (rows, -(-tokens // 8) * 8)


def test_one_thread_makes_all_runs(runner: GraphRunner, session: Any) -> None:
    """Whatever reaches the stream while a graph is captured becomes part of it."""
    callers = [threading.Thread(target=runner.run, args=(["mean"], feeds(rows, 4))) for rows in (1, 2, 9, 1)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len({thread for _, _, thread in session.runs}) == 1
    assert threading.get_ident() not in {thread for _, _, thread in session.runs}


def test_a_failure_reaches_the_caller(runner: GraphRunner, session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(binding: Any, options: Any) -> None:
        raise RuntimeError("CUDA failure 2: out of memory")

    monkeypatch.setattr(session, "run_with_iobinding", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        runner.run(["mean"], feeds(1, 4))
