"""Sessions: graphs run, errors are typed, and what is asked of ONNX Runtime is what was meant."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest

from claxon import session
from claxon.errors import DeviceError, EngineError, MissingDependencyError
from claxon.providers import CPU_PROVIDER, CUDA_PROVIDER, Device, EngineRequest
from claxon.session import Session, engine, engine_request
from tests.graphs import linear

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


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EngineError):
        Session(b"not a graph", {}, CPU)
    Session(linear(WEIGHT), {}, CPU).run(["scores"], {"features": ROWS})
    assert capfd.readouterr().out == ""


class FakeEngine(SimpleNamespace):
    """An ONNX Runtime that notes what it is asked for; CUDA in it starts, is missing, or fails."""

    def __init__(self, cuda: str) -> None:
        super().__init__(
            SessionOptions=lambda: SimpleNamespace(add_external_initializers=lambda names, values: None),
            InferenceSession=self.start,
            preload_dlls=lambda: print("no cuDNN here"),
        )
        self.cuda = cuda
        self.asked: list[list[str]] = []
        self.options: Any = None

    def start(self, graph: bytes, options: Any, *, providers: list[str], enable_fallback: int) -> Any:
        assert not enable_fallback, "it would be told of on standard output"
        self.asked.append(providers)
        self.options = options
        if CUDA_PROVIDER in providers and self.cuda == "fails":
            raise RuntimeError("CUDA failure 35")
        granted = [name for name in providers if name != CUDA_PROVIDER or self.cuda == "starts"]
        return SimpleNamespace(get_providers=lambda: granted)


@pytest.fixture
def fake(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    found = FakeEngine(request.param)
    monkeypatch.setattr(session, "engine", lambda: found)
    return found


@pytest.mark.parametrize("fake", ["starts"], indirect=True)
def test_cuda_is_asked_for_first(fake: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert Session(b"", {}, CUDA).providers == (CUDA_PROVIDER, CPU_PROVIDER)
    assert fake.asked == [[CUDA_PROVIDER, CPU_PROVIDER]]
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "no cuDNN here\n")


@pytest.mark.parametrize("fake", ["starts"], indirect=True)
def test_threads_are_those_inside_an_operator(fake: FakeEngine) -> None:
    Session(b"", {}, AUTO)
    assert (fake.options.intra_op_num_threads, fake.options.inter_op_num_threads) == (3, 1)


@pytest.mark.parametrize("fake", ["missing"], indirect=True)
def test_cuda_that_is_dropped_in_silence_is_an_error(fake: FakeEngine) -> None:
    with pytest.raises(DeviceError, match="loaded CPUExecutionProvider"):
        Session(b"", {}, CUDA)


@pytest.mark.parametrize("fake", ["fails"], indirect=True)
def test_cuda_that_fails_is_an_error(fake: FakeEngine) -> None:
    with pytest.raises(EngineError, match="CUDA failure 35"):
        Session(b"", {}, CUDA)
    assert fake.asked == [[CUDA_PROVIDER, CPU_PROVIDER]]


@pytest.mark.parametrize("fake", ["missing", "fails"], indirect=True)
def test_auto_runs_on_the_cpu_where_cuda_does_not_start(fake: FakeEngine) -> None:
    assert Session(b"", {}, AUTO).providers == (CPU_PROVIDER,)


def test_the_installed_engine_is_asked_what_it_has() -> None:
    assert engine_request("cpu", 2) == EngineRequest(Device.CPU, (CPU_PROVIDER,), 2)
    if CUDA_PROVIDER not in onnxruntime.get_available_providers():
        with pytest.raises(DeviceError, match="this ONNX Runtime has only"):
            engine_request("cuda", 2)


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
