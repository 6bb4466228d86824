"""The documentation is complete: every command, option and public name is on its reference page."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

import claxon
import claxon.errors
import claxon.jobs
import claxon.ray
import claxon.spark
import claxon_export
import claxon_export.errors
from claxon.cli.command import Command
from claxon.cli.main import KNOWN
from docs.command_reference import PAGE, commands, page, parser_of

ROOT = Path(__file__).parents[1]
SITE = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
REFERENCE = set(re.findall(r"^::: (\S+)$", (ROOT / "docs" / "reference.md").read_text(encoding="utf-8"), re.MULTILINE))
COMMANDS = [pair for name in KNOWN for pair in commands(name)]
MODULES = (claxon, claxon.jobs, claxon.ray, claxon.spark, claxon_export)


def section(words: str) -> str:
    """What the reference says about one command."""
    return page().partition(f"## claxon {words}\n")[2].partition("\n## ")[0]


def shown_actions(command: Command) -> list[argparse.Action]:
    return [action for action in parser_of(command)._actions if action.help != argparse.SUPPRESS]


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_command_reference_has_every_option_of_a_command(words: str, command: Command) -> None:
    text = section(words)
    assert command.help in text
    for action in shown_actions(command):
        names = action.option_strings or [str(action.metavar)]
        assert all(f"`{name}" in text or f" {name}" in text for name in names), names
        assert all(f"`{choice}`" in text for choice in action.choices or ())


def test_the_command_reference_has_one_section_per_command() -> None:
    assert re.findall(r"^## claxon (.+)$", page(), re.MULTILINE) == [words for words, _ in COMMANDS]


def test_tables_of_the_command_reference_have_two_columns() -> None:
    rows = [line for line in page().splitlines() if line.startswith("|")]
    assert rows
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}


def test_the_site_has_the_command_reference() -> None:
    assert f": {PAGE}\n" in SITE
    assert "hooks: [docs/command_reference.py]" in SITE


def test_the_api_reference_has_every_public_name() -> None:
    errors = {name for module in (claxon.errors, claxon_export.errors) for name in vars(module)}
    public = {f"{module.__name__}.{name}" for module in MODULES for name in module.__all__ if name not in errors}
    assert {"claxon.errors", "claxon_export.errors"} <= REFERENCE
    assert public - {"claxon.__version__"} == REFERENCE - {"claxon.errors", "claxon_export.errors"}


def test_every_page_is_in_the_navigation() -> None:
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} | {PAGE}
    assert set(re.findall(r"^  - .+: (\S+\.md)$", SITE, re.MULTILINE)) == pages
