from __future__ import annotations

import argparse

import pytest

from claxon.cli.command import Command, CommandGroup, Member, run_command
from claxon.errors import OptionError


class Echo:
    name = "echo"
    help = "Say it again."

    def configure(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("words", nargs="+")
        parser.add_argument("--code", type=int, default=0)

    def run(self, options: argparse.Namespace) -> int:
        print(*options.words)
        return int(options.code)


ECHO: Command = Echo()


def test_a_command_gets_its_words_and_gives_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(ECHO, ["a", "b", "--code", "3"]) == 3
    assert capsys.readouterr().out == "a b\n"


@pytest.mark.parametrize("words", [[], ["a", "--cod", "3"], ["a", "--code", "x"]])
def test_a_usage_error_exits_with_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run_command(ECHO, words)
    assert stop.value.code == 2


def test_help_names_the_command_and_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run_command(ECHO, ["--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: claxon echo")
    assert "Say it again." in out


GROUP = CommandGroup("say", "Say things.", {"echo": Member("say it again", "no.matter:WHERE")})


def test_a_group_hands_its_words_to_the_member_that_the_first_names(capsys: pytest.CaptureFixture[str]) -> None:
    group = CommandGroup("say", "Say things.", {"again": Member("say it again", "claxon.cli.commands.doctor:DOCTOR")})
    with pytest.raises(SystemExit) as stop:
        run_command(group, ["again", "--help"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith("usage: claxon doctor")


def test_the_help_of_a_group_lists_its_members(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(GROUP, ["--help"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "usage: claxon say COMMAND …", "", "Say things.", "", "  echo  say it again", "",
        "`claxon say COMMAND --help` lists the options.",
    ]  # fmt: skip
    assert run_command(GROUP, []) == 2
    assert capsys.readouterr().err.startswith("usage: claxon say")


def test_an_unknown_member_is_an_error_that_lists_them() -> None:
    with pytest.raises(OptionError, match="claxon say has no command 'sing'; choose one of echo"):
        run_command(GROUP, ["sing"])
