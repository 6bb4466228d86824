"""Every command that the export declares: found, with help, and light to import."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from claxon.cli.main import KNOWN, main

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "export" / "claxon_export" / "commands"
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
NAMES = [name for name, target in DECLARED["claxon.commands"].items() if target.startswith("claxon_export.")]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: claxon {name}")


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_in_the_list_of_all(name: str) -> None:
    assert name in KNOWN


@pytest.mark.parametrize(
    "words",
    [["export", "a"], ["export", "a", "b", "--pooling", "max"], ["fit", "b", "d"], ["add-head", "b", "--name", "x"]],
)
def test_a_usage_error_exits_with_2(words: list[str]) -> None:
    assert main(words) == 2


def test_the_modules_import_nothing_heavy() -> None:
    modules = ", ".join(sorted({f"claxon_export.commands.{path.stem}" for path in FOLDER.glob("[a-z]*.py")}))
    code = f"import sys, {modules}; print(sorted({{'onnx', 'sklearn', 'torch', 'joblib'}} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.stdout == "[]\n"
