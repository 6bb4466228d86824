"""The entry point of the command line: finds the command, runs it, and turns errors into exit codes.

Exit codes: 0 done, 1 the work failed, 2 usage error, 130 interrupted, 141 the reader of the output went away.
``CLAXON_DEBUG=1`` adds the traceback.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pkgutil import resolve_name
from typing import Any

from claxon.cli.command import ENTRY_POINT_GROUP, Command, CommandGroup, run_command
from claxon.errors import ClaxonError, MissingDependencyError, OptionError
from claxon.version import __version__

DONE, FAILED, USAGE_ERROR, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141


@dataclass(frozen=True, slots=True)
class Known:
    """A command that the top-level help lists; ``target`` is ``None`` if an entry point provides it."""

    summary: str
    target: str | None = None


# The order is that of a first use. Summaries stand here so that the help imports nothing.
# The packages beside this one, and the extra that brings what each needs.
EXTRAS = {"claxon_export": "export", "claxon_bench": "bench"}
KNOWN = {
    "export": Known("make a bundle from a checkpoint"),
    "add-head": Known("add a head to a bundle: label names, or a trained estimator"),
    "fit": Known("train a head on labeled texts and add it to a bundle"),
    "bootstrap": Known("train a head on the texts that similarity labels most confidently, and add it to a bundle"),
    "heads": Known("list a bundle's heads, and what they were trained on"),
    "remove-head": Known("remove a head from a bundle"),
    "evaluate": Known("evaluate a bundle's heads on labeled texts, with a report"),
    "predict": Known("label texts with a bundle's head", "claxon.cli.commands.predict:PREDICT"),
    "similar": Known(
        "label texts by similarity to label names, without training", "claxon.cli.commands.similar:SIMILAR"
    ),
    "zero-shot": Known(
        "label texts with any labels, by a head trained on entailment", "claxon.cli.commands.zero_shot:ZERO_SHOT"
    ),
    "embed": Known("turn texts into vectors", "claxon.cli.commands.embed:EMBED"),
    "job": Known("label files of any size with several processes; can be resumed", "claxon.cli.commands.job:JOB"),
    "inspect": Known("show what is in a bundle", "claxon.cli.commands.inspect:INSPECT"),
    "sign": Known("sign a bundle with a key"),
    "verify": Known("check every file of a bundle, and its signature"),
    "tune": Known(
        "find the fastest precision and device for a bundle on this machine", "claxon.cli.commands.tune:TUNE"
    ),
    "doctor": Known("check this machine, and optionally a bundle", "claxon.cli.commands.doctor:DOCTOR"),
    "bench": Known("benchmark a bundle and its peers in one run"),
    "demo": Known("export, train and label, in one go"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line with ``argv``, or with ``sys.argv``, and return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            code = _dispatch(words)
            sys.stdout.flush()
            return code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else DONE
    except KeyboardInterrupt:
        print("claxon: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _discard_stdout()
        return BROKEN_PIPE
    except (ClaxonError, OSError) as error:
        _report(error)
        return USAGE_ERROR if isinstance(error, OptionError) else FAILED


def _dispatch(words: list[str]) -> int:
    if not words:
        print(_help_text(), file=sys.stderr)
        return USAGE_ERROR
    if words[0] in ("-h", "--help", "help"):
        print(_help_text())
        return DONE
    if words[0] in ("-V", "--version", "version"):
        print(f"claxon {__version__}")
        return DONE
    name, *rest = words
    known = KNOWN.get(name)
    if known is not None and known.target is not None:
        command: Command | CommandGroup = resolve_name(known.target)
        return run_command(command, rest)
    return _run_entry_point(_entry_point(name), rest)


def _run_entry_point(entry: EntryPoint, words: list[str]) -> int:
    try:
        command: Command = entry.load()
        return run_command(command, words)
    except ModuleNotFoundError as error:
        if error.name is None:
            raise
        raise MissingDependencyError(
            f"claxon {entry.name} needs {error.name.partition('.')[0]}; {_cure(entry)}"
        ) from error


def _cure(entry: EntryPoint) -> str:
    extra = EXTRAS.get(entry.module.partition(".")[0])
    if extra is not None:
        return f"pip install 'claxon[{extra}]'"
    return f"install it, as {entry.dist.name if entry.dist else entry.module} says"


def _entry_point(name: str) -> EntryPoint:
    entries = entry_points(group=ENTRY_POINT_GROUP, name=name)
    if entries:
        return next(iter(entries))
    if name in KNOWN:
        raise MissingDependencyError(f"claxon {name} is not installed; pip install 'claxon[export]'")
    raise OptionError(f"there is no command {name!r}; choose one of {', '.join([*KNOWN, *_foreign_names()])}")


def _foreign_names() -> list[str]:
    return sorted({entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)} - KNOWN.keys())


def _help_text() -> str:
    lines = [
        "usage: claxon COMMAND …",
        "",
        "Classify text with small transformer encoders, on ONNX Runtime, without PyTorch.",
        "",
        *_columns((name, known.summary) for name, known in KNOWN.items()),
        *_columns((name, "from another package") for name in _foreign_names()),
        "",
        "`claxon COMMAND --help` lists its options; `claxon --version` prints the version.",
        "Exit codes: 0 done, 1 failed, 2 usage error.",
    ]
    return "\n".join(lines)


def _columns(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"  {name:<13}{summary}" for name, summary in pairs]


def _report(error: Exception) -> None:
    """Print one line to standard error, after flushing standard output."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    if os.environ.get("CLAXON_DEBUG", "") not in ("", "0"):
        traceback.print_exc()
    print(f"claxon: error: {_one_line(error)}", file=sys.stderr)


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, ClaxonError) and error.strerror:
        where = "" if error.filename is None else f"{error.filename}: "
        return f"{where}{error.strerror}"
    return " ".join(str(error).split())


def _discard_stdout() -> None:
    """Redirect standard output to nothing, so that the interpreter can flush it at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"claxon: warning: {' '.join(str(message).split())}", file=sys.stderr)
