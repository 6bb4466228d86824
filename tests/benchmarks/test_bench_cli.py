from __future__ import annotations

from pathlib import Path

import pytest

from claxon.cli.main import main
from claxon_bench.machine import processor_folder, this_machine
from claxon_bench.results import read_results, write_results
from tests.measurements import sample_results


def folder_of(bundle: Path, out: Path) -> Path:
    """Where results go: a folder for each bundle, and in it one for each kind of processor."""
    return out / bundle.name / processor_folder(this_machine())


def test_bundle_is_measured_and_reported(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--quick", "--rounds", "1", "--threads", "1", "--workloads", "short", "--engines", "claxon"]
    assert main(["bench", str(tiny_bundle), *words, "--out", str(tmp_path), "--peers", str(tmp_path / "none")]) == 0
    shown = capsys.readouterr()
    assert "| **Claxon, fp32** |" in shown.out
    assert "short round 1 of 1: claxon:fp32" in shown.err
    results = read_results(folder_of(tiny_bundle, tmp_path) / "results.json")
    assert results.engines[0].problem is None
    assert (folder_of(tiny_bundle, tmp_path) / "results.md").is_file()


def test_report_is_made_anew_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_results(sample_results(), tmp_path)
    assert main(["bench", "--report-only", str(path)]) == 0
    assert (tmp_path / "results.md").is_file()
    assert "Claxon, int8" in capsys.readouterr().out


def test_device_sweep_has_a_folder_of_its_own(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--device", "cpu,cuda", "--batch-sizes", "1,2", "--quick", "--workloads", "short", "--rounds", "1", "-q"]
    assert main(["bench", str(tiny_bundle), *words, "--out", str(tmp_path), "--peers", str(tmp_path / "none")]) == 0
    assert (folder_of(tiny_bundle, tmp_path) / "devices" / "results.json").is_file()
    shown = capsys.readouterr()
    assert "| batch size | cpu, fp32 | cuda, fp32 |" in shown.out
    assert not shown.err


def test_profile_is_printed(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--profile", "--quick", "--workloads", "short", "--out", str(tmp_path), "-q"]
    assert main(["bench", str(tiny_bundle), *words]) == 0
    assert "| operator | share |" in capsys.readouterr().out
    assert (folder_of(tiny_bundle, tmp_path) / "profile.json").is_file()


def test_texts_are_for_one_workload_or_for_all() -> None:
    from claxon_bench.cli import _sources

    assert _sources(["short=a.csv", "b.csv"]) == {"short": "a.csv", "": "b.csv"}
    assert _sources(["odd=name.csv"]) == {"": "odd=name.csv"}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "name a BUNDLE"),
        (["a", "--checkpoint", "b", "--checkpoint", "c"], "2 checkpoints were given for 1 bundles"),
        (["a", "--rounds", "0"], "is not a positive integer"),
    ],
)
def test_words_that_are_off(words: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", *words]) == 2
    assert reason in capsys.readouterr().err


def test_no_bundle_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", str(tmp_path)]) == 1
    assert "has no manifest.json" in capsys.readouterr().err
