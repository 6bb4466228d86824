"""The soak of a tiny bundle for a few calls, and what it says of a process that leaks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claxon.encoder.encoder import Encoder
from claxon.errors import EngineError, InputError
from claxon_bench import soak
from claxon_bench.errors import BenchmarkError
from claxon_bench.soak import Caller, Sample, Soak, soak_plot, to_json

pytest.importorskip("matplotlib")
if not soak.STATUS.exists():
    pytest.skip("what a process holds is read from /proc", allow_module_level=True)


@pytest.fixture(scope="module")
def found(tiny_bundle: Path) -> Soak:
    return soak.soak(tiny_bundle, calls=12, threads=1)


def test_a_healthy_process(found: Soak) -> None:
    assert (found.calls, found.problems, found.errors, found.changed) == (12, (), (), ())
    assert [point.calls for point in found.samples] == list(range(13))
    assert found.texts > 12


def test_a_seed_makes_the_same_calls(tiny_bundle: Path) -> None:
    callers = [Caller(tiny_bundle, seed, 1) for seed in (1, 1, 2)]
    texts = [[caller._text() for _ in range(50)] for caller in callers]
    assert repr(texts[0]) == repr(texts[1]) != repr(texts[2])


MIB = 1 << 20


@pytest.mark.parametrize(
    ("samples", "problem"),
    [
        ([(0, 10, 5), (20, 90, 5), (100, 90, 5)], None),
        ([(0, 10, 5), (20, 90, 5), (60, 141, 5), (100, 90, 5)], "memory grew by 51 MiB after the warm-up"),
        ([(0, 10, 5), (20, 90, 5), (100, 90, 7)], "2 descriptors leaked"),
    ],
)
def test_what_is_wrong(samples: list[tuple[int, int, int]], problem: str | None, found: Soak) -> None:
    given = tuple(Sample(calls, mib * MIB, descriptors, 1) for calls, mib, descriptors in samples)
    assert replace(found, calls=100, samples=given).problems == (() if problem is None else (problem,))


def test_an_answer_that_changes_is_seen(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller(tiny_bundle, 0, 1)
    assert caller.is_unchanged()
    caller._expected = np.nextafter(caller._expected, np.float32(1))
    assert not caller.is_unchanged()


@pytest.mark.parametrize("kind", [LookupError, EngineError])
def test_whatever_is_no_input_error_is_kept(
    kind: type[Exception], tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise kind("what was not asked for")

    caller = Caller(tiny_bundle, 0, 1)
    monkeypatch.setattr(Encoder, "features", fail)
    caller.call(1)
    assert caller.errors == [f"call 1: {kind.__name__}: what was not asked for"]


def test_an_input_error_is_what_odd_texts_ask_for(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise InputError("no text")

    caller = Caller(tiny_bundle, 0, 1)
    monkeypatch.setattr(Encoder, "features", fail)
    caller.call(1)
    assert caller.errors == []


def test_a_load_that_fails_ends_the_run_and_is_told(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, loads = Encoder.load, []

    def load(*arguments: Any, **options: Any) -> Encoder:
        loads.append(1)
        if len(loads) > 2:  # the two of the beginning
            raise OSError("the bundle is gone")
        return real(*arguments, **options)

    monkeypatch.setattr(soak, "RELOADED_EVERY", 3)
    monkeypatch.setattr(Encoder, "load", load)
    found = soak.soak(tiny_bundle, calls=20, threads=1)
    assert found.errors == ("call 3: OSError: the bundle is gone",)
    assert (found.calls, found.calls_asked, found.changed) == (3, 20, ())
    assert found.problems == ("unexpected errors: ('call 3: OSError: the bundle is gone',)",)


def test_a_bundle_is_loaded_anew_now_and_then(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "RELOADED_EVERY", 3)
    caller = Caller(tiny_bundle, 0, 1)
    encoders = []
    for number in range(7):
        caller.call(number)
        encoders.append(id(caller.encoder))
    assert len(set(encoders)) >= 2
    assert caller.errors == []


def test_a_system_that_does_not_tell_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(soak, "STATUS", tmp_path / "status")
    with pytest.raises(BenchmarkError, match="a soak needs Linux"):
        soak.sample(0)


def test_the_plot_and_the_figures(found: Soak, tmp_path: Path) -> None:
    (axis,) = soak_plot(found).axes
    assert np.asarray(axis.get_lines()[0].get_xdata()).tolist() == [point.calls for point in found.samples]
    assert to_json(found)["problems"] == []
    soak.write_soak(replace(found, calls=5), tmp_path / "new")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"soak.json", "soak.png", "soak.svg"}
    written = json.loads((tmp_path / "new" / "soak.json").read_text())
    asked = {"calls": 5, "calls_asked": 12, "threads": 1}
    assert {name: written[name] for name in asked} == asked
