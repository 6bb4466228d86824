"""The interface of a command, and the parsing of its arguments.

Other distributions add commands with an entry point in the group ``claxon.commands`` whose value is such an object.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Protocol

from claxon.errors import OptionError

ENTRY_POINT_GROUP = "claxon.commands"


class Command(Protocol):
    """A command, ``claxon NAME …``. Its module should import quickly; ``run`` imports what is slow."""

    @property
    def name(self) -> str:
        """The name on the command line."""

    @property
    def help(self) -> str:
        """The first paragraph of its ``--help``."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""

    def run(self, options: argparse.Namespace) -> int:
        """Run the command and return the exit code.

        Raises:
            ClaxonError, OSError: the work failed; ``claxon.cli.main`` makes one line and the exit code of it.
        """


@dataclass(frozen=True, slots=True)
class Member:
    """A command of a group: its summary, and where it is (``module:CONSTANT``), imported when it runs."""

    summary: str
    target: str


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """A group of commands, ``claxon NAME MEMBER …``."""

    name: str
    help: str
    members: Mapping[str, Member]


def run_group(group: CommandGroup, words: Sequence[str]) -> int:
    """Run the member named by the first word, with the words that follow.

    Raises:
        OptionError: there is no such member.
        SystemExit: as ``run_command``.
    """
    if not words or words[0] in ("-h", "--help", "help"):
        print("\n".join(_group_help(group)), file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    member = group.members.get(words[0])
    if member is None:
        raise OptionError(f"claxon {group.name} has no command {words[0]!r}; choose one of {', '.join(group.members)}")
    command: Command = resolve_name(member.target)
    return run_command(command, words[1:])


def _group_help(group: CommandGroup) -> list[str]:
    width = max(map(len, group.members)) + 2
    listed = [f"  {name:<{width}}{member.summary}" for name, member in group.members.items()]
    tail = f"`claxon {group.name} COMMAND --help` lists the options."
    return [f"usage: claxon {group.name} COMMAND …", "", group.help, "", *listed, "", tail]


def run_command(command: Command | CommandGroup, words: Sequence[str]) -> int:
    """Parse ``words``, which do not include the command's name, and run the command.

    Raises:
        OptionError: as ``run_group``.
        SystemExit: argparse printed the help (code 0) or a usage error (code 2).
    """
    if isinstance(command, CommandGroup):
        return run_group(command, words)
    parser = argparse.ArgumentParser(
        prog=f"claxon {command.name}", description=command.help, formatter_class=_formatter, allow_abbrev=False
    )
    command.configure(parser)
    return command.run(parser.parse_intermixed_args(list(words)))


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.HelpFormatter(prog, max_help_position=28, width=100)
