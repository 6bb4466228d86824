"""Sessions: graphs run, errors are typed, and what is asked of ONNX Runtime is what was meant."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest

from claxon.engine import cuda, session
from claxon.engine.padding import FewShapes
from claxon.engine.providers import CPU_PROVIDER, CUDA_PROVIDER, OPENVINO_PROVIDER, Device, EngineRequest
from claxon.engine.session import Session, engine, engine_request, engine_version
from claxon.errors import DeviceError, EngineError, MissingDependencyError
from tests.graphs import encoder as token_sums
from tests.graphs import linear
from tests.openvino_device import needs_openvino

CPU = EngineRequest(Device.CPU, (CPU_PROVIDER,), threads=1)
AUTO = EngineRequest(Device.AUTO, (CUDA_PROVIDER, CPU_PROVIDER), threads=3)
CUDA = EngineRequest(Device.CUDA, (CUDA_PROVIDER, CPU_PROVIDER), threads=3)
WEIGHT = np.arange(6, dtype=np.float32).reshape(3, 2)
ROWS = np.array([[1, 0, 0], [0, 2, 1]], np.float32)


def test_a_graph_is_run() -> None:
    found = Session(linear(WEIGHT), {}, CPU)
    assert (found.inputs, found.outputs, found.providers) == (("features",), ("scores",), (CPU_PROVIDER,))
    [scores] = found.run(["scores"], {"features": ROWS})
    np.testing.assert_array_equal(scores, ROWS @ WEIGHT)


@pytest.mark.parametrize(("own", "callers"), [(1, 1), (2, 2), (0, 3)])
def test_a_callers_own_options_say_how_many_run_at_once(own: int, callers: int) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = own
    assert Session(linear(WEIGHT), {}, replace(CPU, threads=3), options).callers == callers


def test_weights_are_given_by_name_and_copied() -> None:
    weight = WEIGHT.copy()
    found = Session(linear(WEIGHT, external=True), {"weight": weight}, CPU)
    weight[:] = 0
    np.testing.assert_array_equal(found.run(["scores"], {"features": ROWS})[0], ROWS @ WEIGHT)


def test_threads_may_share_a_session() -> None:
    found = Session(linear(WEIGHT), {}, CPU)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda k: found.run(["scores"], {"features": ROWS * k})[0], range(64)))
    for k, result in enumerate(results):
        np.testing.assert_array_equal(result, k * ROWS @ WEIGHT)


@pytest.mark.parametrize("graph", [b"", b"not a graph", linear(WEIGHT)[:-30], linear(WEIGHT, external=True)])
def test_a_graph_that_cannot_be_loaded(graph: bytes) -> None:
    with pytest.raises(EngineError, match="could not load the graph: ") as caught:
        Session(graph, {}, CPU)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    "feeds", [{}, {"other": ROWS}, {"features": ROWS[:, :2]}, {"features": ROWS.astype(np.float64)}]
)
def test_a_run_that_fails(feeds: dict[str, Any]) -> None:
    found = Session(linear(WEIGHT), {}, CPU)
    with pytest.raises(EngineError, match="could not run the graph: "):
        found.run(["scores"], feeds)


def test_options_of_the_caller_are_used_as_they_are(tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    Session(linear(WEIGHT), {}, CPU, options)
    assert (tmp_path / "optimized.onnx").stat().st_size


def test_loading_and_running_print_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EngineError):
        Session(b"not a graph", {}, CPU)
    Session(linear(WEIGHT), {}, CPU).run(["scores"], {"features": ROWS})
    assert capfd.readouterr().out == ""


class FakeEngine(SimpleNamespace):
    """An ONNX Runtime that notes what it is asked for; CUDA in it starts, is missing, or fails."""

    def __init__(self, cuda: str) -> None:
        super().__init__(
            SessionOptions=self.new_options,
            InferenceSession=self.start,
            __file__="onnxruntime/__init__.py",
            preload_dlls=lambda **_: print("no cuDNN here"),
        )
        self.cuda = cuda
        self.asked: list[list[str]] = []
        self.options: Any = None
        self.entries: dict[str, str] = {}
        self.cuda_options: dict[str, str] = {}
        self.bindings: list[FakeBinding] = []

    def new_options(self) -> Any:
        return SimpleNamespace(
            add_external_initializers=lambda names, values: None,
            add_session_config_entry=self.entries.__setitem__,
        )

    def start(self, graph: bytes, options: Any, *, providers: list[Any], enable_fallback: int) -> Any:
        assert not enable_fallback, "it would be told of on standard output"
        self.cuda_options = next((given for name, given in filter(is_pair, providers) if name == CUDA_PROVIDER), {})
        providers = [name[0] if is_pair(name) else name for name in providers]
        self.asked.append(providers)
        self.options = options
        if CUDA_PROVIDER in providers and self.cuda == "fails":
            raise RuntimeError("CUDA failure 35")
        granted = [name for name in providers if name != CUDA_PROVIDER or self.cuda == "starts"]
        return SimpleNamespace(
            get_providers=lambda: granted,
            io_binding=self.bind,
            run_with_iobinding=lambda binding, options: binding.run(),
        )

    def bind(self) -> FakeBinding:
        self.bindings.append(FakeBinding())
        return self.bindings[-1]


def is_pair(value: object) -> bool:
    return isinstance(value, tuple)


class FakeBinding:
    """Notes what is bound; the outputs are there after the run, and not before."""

    def __init__(self) -> None:
        self.inputs: dict[str, Any] = {}
        self.outputs: list[tuple[str, str]] = []
        self.has_run = False

    def bind_cpu_input(self, name: str, array: Any) -> None:
        assert array.flags["C_CONTIGUOUS"]
        self.inputs[name] = array

    def bind_output(self, name: str, device: str) -> None:
        self.outputs.append((name, device))

    def run(self) -> None:
        self.has_run = True

    def copy_outputs_to_cpu(self) -> list[Any]:
        assert self.has_run
        return [np.full((2, 3), i) for i, _ in enumerate(self.outputs)]


@pytest.fixture
def fake(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    found = FakeEngine(request.param)
    monkeypatch.setattr(session, "engine", lambda: found)
    return found


@pytest.mark.parametrize("fake", ["starts"], indirect=True)
def test_cuda_is_asked_for_first(fake: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    found = Session(b"", {}, CUDA)
    assert found.providers == (CUDA_PROVIDER, CPU_PROVIDER)
    assert fake.asked == [[CUDA_PROVIDER, CPU_PROVIDER]]
    assert found.callers == 1
    assert fake.cuda_options == cuda.provider_options(CUDA)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "no cuDNN here\n")


@pytest.mark.parametrize("fake", ["starts"], indirect=True)
def test_on_cuda_only_what_was_asked_for_comes_back(fake: FakeEngine) -> None:
    session = Session(b"", {}, CUDA)
    found = session.run(["mean", "cls"], {"input_ids": ROWS.T})
    assert [array.shape for array in found] == [(2, 3), (2, 3)]
    session.run(["mean"], {"input_ids": ROWS})
    first, second = fake.bindings
    assert first.outputs == [("mean", "cuda"), ("cls", "cuda")]
    assert second.outputs == [("mean", "cuda")], "a binding is one call's: threads may share a session"
    np.testing.assert_array_equal(first.inputs["input_ids"], ROWS.T)


@pytest.mark.parametrize("fake", ["starts", "missing"], indirect=True)
@pytest.mark.parametrize("spinning", [False, True])
def test_waiting_threads_do_not_spin_unless_asked(fake: FakeEngine, spinning: bool) -> None:
    Session(b"", {}, replace(AUTO, spinning=spinning))
    assert fake.entries["session.intra_op.allow_spinning"] == ("1" if spinning else "0")
    assert not AUTO.spinning


@pytest.mark.parametrize("fake", ["starts"], indirect=True)
def test_threads_are_those_inside_an_operator(fake: FakeEngine) -> None:
    Session(b"", {}, AUTO)
    assert (fake.options.intra_op_num_threads, fake.options.inter_op_num_threads) == (3, 1)


@pytest.mark.parametrize("fake", ["missing"], indirect=True)
def test_cuda_that_is_dropped_in_silence_is_an_error(fake: FakeEngine) -> None:
    with pytest.raises(DeviceError, match="loaded CPUExecutionProvider"):
        Session(b"", {}, CUDA)


@pytest.mark.parametrize("fake", ["fails"], indirect=True)
def test_cuda_that_fails_is_an_error_with_its_causes(fake: FakeEngine) -> None:
    with pytest.raises(DeviceError, match=r"CUDA failed: CUDA failure 35\. .*nvidia-smi"):
        Session(b"", {}, CUDA)
    assert fake.asked == [[CUDA_PROVIDER, CPU_PROVIDER]]


@pytest.mark.parametrize("fake", ["starts"], indirect=True)
def test_a_graph_that_cuda_refuses_is_not_cudas_failure(fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise RuntimeError("This session cannot use the graph capture feature")

    monkeypatch.setattr(fake, "InferenceSession", refuse)
    with pytest.raises(EngineError, match="could not load the graph: This session cannot use"):
        Session(b"", {}, CUDA)


@pytest.mark.parametrize("fake", ["starts"], indirect=True)
def test_on_cuda_lengths_are_padded_as_asked(fake: FakeEngine) -> None:
    asked = replace(CUDA, shapes=FewShapes.in_eights(max_tokens=20, pad_id=1))
    ids = np.full((2, 3), 5, np.int64)
    [found] = Session(b"", {}, asked).run(["mean"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
    assert found.shape == (2, 3)
    [binding] = fake.bindings
    assert binding.inputs["input_ids"].tolist() == [[5, 5, 5, 1, 1, 1, 1, 1]] * 2
    assert binding.inputs["attention_mask"].sum() == 6


@pytest.mark.parametrize("fake", ["missing"], indirect=True)
def test_cuda_options_do_not_change_the_cpu_session(fake: FakeEngine) -> None:
    shapes = FewShapes.in_eights(max_tokens=20, pad_id=1)
    found = Session(b"", {}, replace(AUTO, shapes=shapes, captured=FewShapes.of_graphs(20, 1)))
    assert (found.device, found._shapes, found._graphs) == (Device.CPU, None, None)


@pytest.mark.parametrize("fake", ["starts"], indirect=True)
def test_cuda_graphs_run_through_their_runner(fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    captured, shapes = FewShapes.of_graphs(20, 1), FewShapes.in_eights(20, 1)
    found = Session(b"", {}, replace(CUDA, shapes=shapes, captured=captured))
    assert fake.cuda_options["enable_cuda_graph"] == "1"
    monkeypatch.setattr(cuda.GraphRunner, "run", lambda self, outputs, feeds: [outputs, feeds])
    assert found.run(["mean"], {}) == [["mean"], {}]


@pytest.mark.parametrize("fake", ["missing", "fails"], indirect=True)
def test_auto_runs_on_the_cpu_where_cuda_does_not_start(fake: FakeEngine) -> None:
    found = Session(b"", {}, AUTO)
    assert (found.providers, found.device, found.callers) == ((CPU_PROVIDER,), Device.CPU, 3)


def test_the_installed_engine_is_asked_what_it_has() -> None:
    assert engine_request("cpu", 2) == EngineRequest(Device.CPU, (CPU_PROVIDER,), 2)
    assert engine_version() == onnxruntime.__version__
    if CUDA_PROVIDER not in onnxruntime.get_available_providers():
        with pytest.raises(DeviceError, match="this ONNX Runtime has only"):
            engine_request("cuda", 2)


def test_openvino_without_its_plugin_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "register", without_plugin)
    with pytest.raises(DeviceError, match="no plugin here"):
        engine_request("openvino", 1)
    asked = EngineRequest(Device.OPENVINO, (OPENVINO_PROVIDER, CPU_PROVIDER), 1)
    with pytest.raises(DeviceError, match="no plugin here"):
        Session(linear(WEIGHT), {}, asked)


def without_plugin(_: object) -> object:
    raise DeviceError("no plugin here")


@needs_openvino
def test_openvino_is_fed_few_shapes_and_gives_back_the_texts() -> None:
    graph = token_sums({"mean": 4})
    asked = replace(engine_request("openvino", 1), shapes=FewShapes(max_tokens=40, pad_id=0))
    found, on_cpu = Session(graph, {}, asked), Session(graph, {}, CPU)
    assert (found.device, found.providers[0], found.callers) == (Device.OPENVINO, OPENVINO_PROVIDER, 1)
    fed: list[tuple[int, ...]] = []
    real = found._session

    def run(names: list[str], feeds: dict[str, Any]) -> Any:
        fed.append(feeds["input_ids"].shape)
        return real.run(names, feeds)

    found._session = SimpleNamespace(run=run)
    for rows, tokens in [(1, 3), (5, 3), (6, 16), (3, 40)]:
        ids = np.arange(rows * tokens).reshape(rows, tokens) % 7
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        np.testing.assert_allclose(found.run(["mean"], feeds)[0], on_cpu.run(["mean"], feeds)[0])
    assert fed == [(1, 16), (6, 16), (6, 16), (3, 40)]


@pytest.fixture
def fresh_engine() -> Iterator[None]:
    """``engine`` keeps what it imported; these tests need it to look again, and what follows needs the real one."""
    engine.cache_clear()
    yield
    engine.cache_clear()


@pytest.mark.usefixtures("fresh_engine")
def test_without_onnxruntime_the_extras_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingDependencyError, match=r"'claxon\[cpu\]', or 'claxon\[gpu\]' for CUDA"):
        engine()


@pytest.mark.usefixtures("fresh_engine")
def test_a_half_installed_onnxruntime_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", ModuleType("onnxruntime"))
    with pytest.raises(MissingDependencyError, match="half installed"):
        engine()
