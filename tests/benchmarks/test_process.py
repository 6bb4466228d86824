from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from claxon_bench.contenders import Contender
from claxon_bench.errors import EngineFailure
from claxon_bench.process import EngineProcess, environment, prepare
from tests.measurements import engine_spec, sample_arena, write_engine


@pytest.fixture
def contender(tiny_bundle: Path, tmp_path: Path) -> Contender:
    found = Contender(engine_spec(write_engine(tmp_path)), sample_arena(tiny_bundle, tmp_path / "peers"))
    found.prepare()
    return found


def test_engine_answers_although_it_prints(contender: Contender, tmp_path: Path) -> None:
    with contender.start(16) as engine:
        assert engine.ready is not None
        assert engine.ready.runs == "a pretence"
        assert engine.ready.wall_s > engine.ready.load_s
        assert engine.ready.versions["numpy"] == np.__version__
        answer = engine.run(["a", "four"], save=tmp_path / "values.npy")
        assert answer["seconds"] > 0
        assert 10e6 < answer["rss_bytes"] <= answer["peak_rss_bytes"]
        assert len(engine.run_each(["a", "b", "c"])) == 3
    assert np.load(tmp_path / "values.npy").tolist() == [[1, 1], [4, 1]]


def test_engine_that_is_not_asked_takes_no_time(contender: Contender) -> None:
    with contender.start(16) as engine:
        before = engine.processor_s()
        if before is None:
            pytest.skip("this kernel does not tell")
        assert engine.processor_s() == pytest.approx(before, abs=0.02)


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        ("raise ValueError('no such layer')", "exit code 1: ValueError: no such layer"),
        ("import claxon; raise claxon.DeviceError('there is no CUDA; install it')", "^there is no CUDA$"),
        ("sys.exit(3)", "exit code 3"),
    ],
)
def test_engine_that_does_not_load_says_why(load: str, reason: str, tiny_bundle: Path, tmp_path: Path) -> None:
    spec = engine_spec(write_engine(tmp_path, load=load))
    contender = Contender(spec, sample_arena(tiny_bundle, tmp_path / "peers"))
    contender.prepare()
    with pytest.raises(EngineFailure, match=reason):
        contender.start(16)


def test_engine_that_ends_early_says_why(tiny_bundle: Path, tmp_path: Path) -> None:
    spec = engine_spec(write_engine(tmp_path, call="if self.calls > 1: raise MemoryError('too much')"))
    contender = Contender(spec, sample_arena(tiny_bundle, tmp_path / "peers"))
    contender.prepare()
    with contender.start(16) as engine, pytest.raises(EngineFailure, match="too much"):
        engine.run(["a"])


def test_interpreter_that_is_not_there_is_a_failure(contender: Contender, tmp_path: Path) -> None:
    contender.python = tmp_path / "python"
    with pytest.raises(EngineFailure, match="cannot be started"):
        contender.start(16)


def test_export_writes_where_it_is_told(contender: Contender, tmp_path: Path) -> None:
    setup = {**contender._setup(16), "prepared": str(tmp_path)}
    prepare(Path(sys.executable), contender.spec.script, setup)  # type: ignore[arg-type]
    assert (tmp_path / "graph").is_file()


def test_process_that_only_exports_is_not_ready(contender: Contender, tmp_path: Path) -> None:
    setup = {**contender._setup(16), "action": "prepare", "prepared": str(tmp_path)}
    with EngineProcess(Path(sys.executable), contender.spec.script, setup) as engine:  # type: ignore[arg-type]
        assert engine.ready is None


def test_every_library_is_told_the_same_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    ours, theirs = environment(Path(sys.executable), 3), environment(Path("other/python"), 3)
    assert {theirs[name] for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")} == {"3"}
    assert theirs["HF_HUB_OFFLINE"] == "1"
    assert "PYTHONPATH" in ours
    assert "PYTHONPATH" not in theirs
    assert theirs["PATH"] == os.environ["PATH"]
