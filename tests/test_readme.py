"""What the README shows must be there: its commands parse, its targets exist, its Python compiles."""

from __future__ import annotations

import argparse
import re
import shlex
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import resolve_name

import pytest

from claxon.cli.command import ENTRY_POINT_GROUP, CommandGroup
from claxon.cli.main import KNOWN

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


SHELL_LINES = [line.partition(" #")[0].strip() for block in blocks("sh") for line in block.splitlines()]


def parse(name: str, words: list[str]) -> None:
    found = {point.name: point.value for point in entry_points(group=ENTRY_POINT_GROUP)}
    command = resolve_name(KNOWN[name].target or found[name])
    if isinstance(command, CommandGroup):
        command, words = resolve_name(command.members[words[0]].target), words[1:]
    parser = argparse.ArgumentParser(exit_on_error=False)
    command.configure(parser)
    parser.parse_intermixed_args(words)


@pytest.mark.parametrize("line", [line for line in SHELL_LINES if line.startswith("claxon ")])
def test_command_parses(line: str) -> None:
    _, name, *words = shlex.split(line)
    parse(name, words)


@pytest.mark.parametrize("line", [line for line in SHELL_LINES if line.startswith("make ")])
def test_make_target_exists(line: str) -> None:
    target = line.split()[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_python_compiles() -> None:
    for block in blocks("python"):
        lines = [line.removeprefix(">>> ") for line in block.splitlines() if line.startswith(">>> ")]
        compile("\n".join(lines) if ">>> " in block else block, "README.md", "exec")


def test_files_named_in_commands_are_there() -> None:
    named = re.findall(r"export/claxon_export/texts/\S+", README)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_shell_line_is_checked() -> None:
    known = ("claxon ", "make ", "pip install ")
    assert [line for line in SHELL_LINES if line and not line.startswith(known)] == []
