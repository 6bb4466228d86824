from __future__ import annotations

import argparse
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import claxon
from claxon.cli import main as main_module
from claxon.cli.command import ENTRY_POINT_GROUP
from claxon.cli.main import main
from claxon.errors import EngineError, OptionError


class Stub:
    """A command from elsewhere whose work is ``work``."""

    name = "stub"
    help = "Stands for any command."

    def __init__(self, work: Callable[[], int]) -> None:
        self.work = work

    def configure(self, parser: argparse.ArgumentParser) -> None:
        pass

    def run(self, options: argparse.Namespace) -> int:
        return self.work()


class StubEntry:
    """An entry point that loads a stub."""

    name = "stub"
    module = "elsewhere"
    dist = None

    def __init__(self, work: Callable[[], int]) -> None:
        self.work = work

    def load(self) -> Stub:
        return Stub(self.work)


def run_stub(monkeypatch: pytest.MonkeyPatch, work: Callable[[], int]) -> int:
    monkeypatch.setattr(main_module, "entry_points", lambda **_: [StubEntry(work)])
    return main(["stub"])


def raises(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"claxon {claxon.__version__}\n"


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for name in ["export", "add-head", "fit", "predict", "similar", "embed", "inspect", "doctor", "demo"]:
        assert f"\n  {name} " in out


def test_no_arguments_are_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "predict" in captured.err


def test_an_unknown_command_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predcit"]) == 2
    err = capsys.readouterr().err
    assert "no command 'predcit'" in err
    assert "predict, similar, zero-shot, embed" in err


@pytest.mark.parametrize("name", ["predict", "similar", "embed", "inspect", "doctor"])
def test_every_builtin_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: claxon {name}")


@pytest.mark.parametrize(
    "words",
    [
        ["predict"],
        ["predict", "b", "--top-k", "0"],
        ["predict", "b", "--threshold", "nan"],
        ["predict", "b", "--json", "--output-format", "csv"],
        ["predict", "b", "--head", "a", "--all-heads"],
        ["predict", "b", "in.txt", "--texts", "x"],
        ["similar", "b"],
        ["similar", "b", "--labels", "only one"],
        ["similar", "b", "--labels", "a,b", "--template", "no place"],
        ["embed", "b", "--output-format", "npy"],
    ],
)
def test_a_usage_error_exits_with_2(words: list[str], tiny_bundle: Path) -> None:
    assert main([str(tiny_bundle) if word == "b" else word for word in words]) == 2


def test_a_failure_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CLAXON_DEBUG", raising=False)
    assert run_stub(monkeypatch, raises(EngineError("first\n  second"))) == 1
    assert capsys.readouterr().err == "claxon: error: first second\n"


def test_a_system_error_names_the_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_stub(monkeypatch, raises(FileNotFoundError(2, "No such file or directory", "a.csv"))) == 1
    assert capsys.readouterr().err == "claxon: error: a.csv: No such file or directory\n"


def test_an_option_that_cannot_be_met_ends_with_two(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_stub(monkeypatch, raises(OptionError("no such head"))) == 2


def test_debug_adds_the_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CLAXON_DEBUG", "1")
    assert run_stub(monkeypatch, raises(EngineError("broken"))) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_has_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_stub(monkeypatch, raises(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "claxon: interrupted\n"


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        run_stub(monkeypatch, raises(ZeroDivisionError()))


def test_a_warning_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        warnings.simplefilter("always")
        warnings.warn("look\nhere", stacklevel=1)
        return 0

    assert run_stub(monkeypatch, work) == 0
    assert capsys.readouterr().err == "claxon: warning: look here\n"


@pytest.mark.parametrize(("name", "package"), [("export", "claxon_export"), ("bench", "claxon_bench")])
def test_a_missing_package_names_the_extra(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(self: EntryPoint) -> object:
        raise ModuleNotFoundError("No module named 'onnx.helper'", name="onnx.helper")

    entry = EntryPoint(name, f"{package}.cli:COMMAND", ENTRY_POINT_GROUP)
    monkeypatch.setattr(EntryPoint, "load", load)
    monkeypatch.setattr(main_module, "entry_points", lambda **_: [entry])
    assert main([name, "a", "b"]) == 1
    assert capsys.readouterr().err == f"claxon: error: claxon {name} needs onnx; pip install 'claxon[{name}]'\n"


def test_a_known_command_that_nothing_brings_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(main_module, "entry_points", lambda **_: [])
    assert main(["fit"]) == 1
    assert "pip install 'claxon[export]'" in capsys.readouterr().err


def test_predict_looks_at_no_entry_point(monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path) -> None:
    def entry_points(**_: object) -> object:
        pytest.fail("entry points were looked up")

    monkeypatch.setattr(main_module, "entry_points", entry_points)
    assert main(["predict", str(tiny_bundle), "--head", "sentiment", "--texts", "good"]) == 0


def test_a_reader_that_goes_away_ends_it_quietly(tiny_bundle: Path, tmp_path: Path) -> None:
    texts = tmp_path / "in.txt"
    texts.write_text("good book\n" * 5000)
    words = [sys.executable, "-m", "claxon", "predict", str(tiny_bundle), str(texts), "--head", "sentiment"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()
        assert process.wait(60) == main_module.BROKEN_PIPE
    assert errors == b""
