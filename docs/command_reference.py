"""The command-line reference as a Markdown page, generated from the parsers; a hook of mkdocs adds it to the site.

``python docs/command_reference.py`` prints the page.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from claxon.cli.command import ENTRY_POINT_GROUP, Command, CommandGroup
from claxon.cli.main import KNOWN

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

PAGE = "command-reference.md"
INTRODUCTION = (
    "Generated from the parsers of the commands: the same text as `claxon COMMAND --help`. How files, encodings and "
    "exit codes work is explained in [Command line](command-line.md)."
)
# argparse's own groups; arguments first, options without a group of their own last.
POSITIONAL, OPTIONS = "positional arguments", "options"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page to the site."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, PAGE, content=page()))
    return files


def page() -> str:
    """The whole reference."""
    sections = [line for name in KNOWN for line in _command(name)]
    return "\n".join(["# Command-line reference", "", INTRODUCTION, "", *sections])


def commands(name: str) -> list[tuple[str, Command]]:
    """The command ``claxon NAME``, or those of its group, each with the words that call it."""
    targets = {point.name: point.value for point in entry_points(group=ENTRY_POINT_GROUP)}
    command: Command | CommandGroup = resolve_name(KNOWN[name].target or targets[name])
    if isinstance(command, CommandGroup):
        members = [(member, resolve_name(found.target)) for member, found in command.members.items()]
        return [(f"{name} {member}", one) for member, one in members]
    return [(name, command)]


def parser_of(command: Command) -> argparse.ArgumentParser:
    """The parser of a command, as the command line configures it."""
    parser = argparse.ArgumentParser(prog=f"claxon {command.name}", add_help=False)
    command.configure(parser)
    return parser


def _command(name: str) -> Iterator[str]:
    for words, command in commands(name):
        parser = parser_of(command)
        yield f"## claxon {words}"
        yield ""
        yield command.help
        yield ""
        yield f"    {parser.usage or f'claxon {words} [options]'}"
        yield ""
        yield from _arguments(parser)


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    titles = [group.title or "" for group in parser._action_groups]
    groups = dict(zip(titles, (group._group_actions for group in parser._action_groups), strict=True))
    own = [title for title in titles if title not in (POSITIONAL, OPTIONS)]
    for title in (POSITIONAL, *own, OPTIONS):
        actions = [action for action in groups[title] if action.help != argparse.SUPPRESS]
        if actions:
            yield from _table("arguments" if title == POSITIONAL else title, actions)


def _table(title: str, actions: Sequence[argparse.Action]) -> Iterator[str]:
    yield f"| {title} | |"
    yield "|---|---|"
    for action in actions:
        yield f"| {_cell(_name(action))} | {_cell(_help(action))} |"
    yield ""


def _name(action: argparse.Action) -> str:
    """``-o, --output FILE``; a positional argument is its metavar."""
    if not action.option_strings:
        return f"`{action.metavar or action.dest.upper()}`"
    value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    if action.choices is not None:
        value = ""
    return f"`{', '.join(action.option_strings)}{value}`"


def _help(action: argparse.Action) -> str:
    text = (action.help or "").replace("%%", "%")
    if action.choices is None:
        return text
    default = f" (default: {action.default})" if action.default is not None and "default" not in text else ""
    return f"one of {', '.join(f'`{choice}`' for choice in action.choices)}; {text}{default}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    print(page())
