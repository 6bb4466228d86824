from __future__ import annotations

import argparse

import pytest

from claxon.command import Command, run_command


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
def test_words_that_are_off_end_with_two(words: list[str]) -> None:
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
