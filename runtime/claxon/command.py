"""What a command of the command line is, and how its words are read.

Other distributions add commands with an entry point in the group ``claxon.commands`` whose value is such an object.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Protocol

ENTRY_POINT_GROUP = "claxon.commands"


class Command(Protocol):
    """``claxon NAME …``. Its module should be light: what is heavy is imported by ``run``."""

    @property
    def name(self) -> str:
        """The word on the command line."""

    @property
    def help(self) -> str:
        """What it does, the first paragraph of its ``--help``."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare its arguments."""

    def run(self, options: argparse.Namespace) -> int:
        """Do the work; the result is the exit code.

        Raises:
            ClaxonError, OSError: the work failed; ``claxon.cli`` makes one line and the exit code of it.
        """


def run_command(command: Command, words: Sequence[str]) -> int:
    """Read ``words``, without the command's own name, and run it.

    Raises:
        SystemExit: argparse printed the help (code 0), or found the words off (code 2).
    """
    parser = argparse.ArgumentParser(
        prog=f"claxon {command.name}", description=command.help, formatter_class=_formatter, allow_abbrev=False
    )
    command.configure(parser)
    return command.run(parser.parse_intermixed_args(list(words)))


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.HelpFormatter(prog, max_help_position=28, width=100)
