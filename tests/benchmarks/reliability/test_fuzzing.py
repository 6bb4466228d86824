from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reliability import fuzzing
from reliability.fuzzing import FOUND, Fuzzed, fuzz
from reliability.part import Settings

LOG = "#9\tNEW    cov: 12 ft: 34 corp: 5/6Kb lim: 7\nDone\nstat::number_of_executed_units: 90\n"


def test_every_target_is_fuzzed(settings: Settings) -> None:
    pytest.importorskip("atheris", reason="atheris has wheels for Linux on x86-64 only")
    found = fuzzing.run(replace(settings, scale=0.003))  # two seconds each
    assert found.failures == []
    for name in fuzzing.TARGETS:
        assert found.counts[f"{name}_executions"] > 5
        assert found.counts[f"{name}_coverage"] > 50


def test_without_atheris_nothing_was_run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzing, "is_installed", lambda package: package != "atheris")
    found = fuzzing.run(settings)
    assert (found.counts, found.is_success) == ({}, False)
    assert found.not_run is not None
    assert "atheris is not installed" in found.not_run


def plant(monkeypatch: pytest.MonkeyPatch, endings: list[str], *files: str, log: str = LOG) -> list[int]:
    """Processes that end in these ways and leave these files; the seeds that they were given."""
    seeds = []

    def fuzz_once(name: str, settings: Settings, *, seed: int, seconds: float, log_path: Path) -> str:
        seeds.append(seed)
        log_path.write_text(log)
        for file in files:
            (log_path.parent / FOUND / file).write_text("Traceback\nLookupError: what was not expected\n")
        return endings.pop(0)

    monkeypatch.setattr(
        fuzzing,
        "_fuzz_once",
        lambda name, settings, *, seed, seconds, log: fuzz_once(
            name, settings, seed=seed, seconds=seconds, log_path=log
        ),
    )
    return seeds


def test_figures_are_those_of_the_log(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, [""])
    assert fuzz("heads", settings, 60) == Fuzzed(90, 12, 34, 5, ())


def test_a_process_that_ends_early_is_a_failure_and_the_next_one_goes_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = plant(monkeypatch, ["the process ended with 77", ""])
    found = fuzz("heads", settings, 60)
    assert seeds == [4, 5]
    assert found.executions == 180
    assert len(found.failures) == 1
    assert "heads: the process ended with 77, see " in found.failures[0]


def test_what_was_saved_is_a_failure(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, [""], "LookupError-12.txt", "LookupError-12.content", "timeout-abc")
    first, second = fuzz("heads", settings, 60).failures
    assert first.startswith("heads: LookupError: what was not expected; saved to ")
    assert first.endswith("LookupError-12.content")
    assert second.startswith("heads: timeout; saved to ")


def test_a_fuzzer_that_tried_nothing_has_failed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, [""], log="")
    assert fuzz("heads", settings, 60).failures == ("heads: nothing was tried",)
