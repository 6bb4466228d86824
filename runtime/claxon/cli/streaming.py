"""Streams rows from input to output, one window at a time."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice

from claxon.cli.arguments import check_one_input
from claxon.errors import InputError
from claxon.formats.rows import open_records
from claxon.formats.tables import DEFAULT_TEXT_COLUMN, STANDARD_STREAM, Format, OnEmpty, Records, Row
from claxon.support.progress import progress
from claxon.text.inputs import FailedRow, OnError

# The first window is small, so that the first rows come soon; large ones make better batches.
FIRST_WINDOW, LARGEST_WINDOW = 64, 1024


@dataclass(frozen=True, slots=True)
class Streamed:
    """The number of texts processed, and how many were truncated."""

    total: int
    truncated: int


def open_input(options: argparse.Namespace) -> AbstractContextManager[Records]:
    """Open the records of ``INPUT`` or ``--texts``.

    Raises:
        OptionError, InputError, OSError: as ``open_records``.
    """
    check_one_input(options)
    if options.texts is not None:
        return nullcontext(_given_texts(options.texts))
    source = STANDARD_STREAM if options.input is None else options.input
    if _is_typed(options) and not options.quiet:
        print("claxon: reading from the terminal, one text per line; press Ctrl-D to finish", file=sys.stderr)
    return open_records(
        source,
        file_format=options.format,
        text_column=options.text,
        record_errors=getattr(options, "errors", OnError.RAISE) == OnError.RECORD,
        encoding=options.encoding,
        quoting=options.quoting,
    )


def _given_texts(texts: list[str]) -> Records:
    """Return the rows of ``--texts``; invalid bytes of the command line are replaced."""
    shown = [text.encode(errors="replace").decode() for text in texts]
    rows = (Row(number, text, {DEFAULT_TEXT_COLUMN: text}) for number, text in enumerate(shown, 1))
    return Records("--texts", Format.LINES, (DEFAULT_TEXT_COLUMN,), DEFAULT_TEXT_COLUMN, ",", rows)


def stream_rows(rows: Iterable[Row], work: Callable[[list[Row]], int], options: argparse.Namespace) -> Streamed:
    """Pass the rows to ``work``, window by window, with a progress bar if standard error is a terminal.

    ``work`` tells how many texts of its window were cut.
    """
    is_shown = sys.stderr.isatty() and not options.quiet and not _is_typed(options)
    total = truncated = 0
    first = 1 if _is_typed(options) else FIRST_WINDOW
    with progress(None, unit=" texts", is_shown=is_shown) as bar:
        for window in windows(rows, first, LARGEST_WINDOW if first > 1 else 1):
            truncated += work(window)
            total += len(window)
            bar.update(len(window))
    return Streamed(total, truncated)


def windows(rows: Iterable[Row], first: int, largest: int) -> Iterator[list[Row]]:
    """Yield lists of ``first`` rows, then twice as many each time, up to ``largest``."""
    source = iter(rows)
    size = first
    while window := list(islice(source, size)):
        yield window
        size = min(2 * size, largest)


def notice_truncation(streamed: Streamed, max_tokens: int, options: argparse.Namespace) -> None:
    """Print to standard error how many texts were truncated, if any."""
    if streamed.truncated and not options.quiet:
        print(
            f"claxon: {streamed.truncated:,} of {streamed.total:,} texts were truncated to {max_tokens} tokens",
            file=sys.stderr,
        )


class Failures:
    """Rows without a result; the first is reported on standard error at the end."""

    def __init__(self) -> None:
        self.count = 0
        self.first = ""

    def messages(self, rows: list[Row], failed: Iterable[FailedRow]) -> dict[int, str]:
        """Return the message for each row of a window without a result, by its position."""
        messages = {failure.row: f"line {rows[failure.row].line} {failure.message}" for failure in failed}
        messages |= {place: row.error for place, row in enumerate(rows) if row.error is not None}
        if messages and not self.count:
            self.first = messages[min(messages)]
        self.count += len(messages)
        return messages

    def notice(self, options: argparse.Namespace) -> None:
        """Print how many there were, if any."""
        if self.count and not options.quiet:
            plural = "s" * (self.count > 1)
            print(f"claxon: {self.count:,} row{plural} without a result, the first: {self.first}", file=sys.stderr)


class EmptyTexts:
    """Rows whose text is empty or blank; their number is reported on standard error at the end."""

    def __init__(self, on_empty: OnEmpty) -> None:
        self._on_empty = on_empty
        self.count = 0
        self.first = 0

    def check(self, rows: list[Row], name: str) -> None:
        """Raise if such a row is an error.

        Raises:
            InputError: with the row's line.
        """
        empty = next((row for row in rows if row.is_empty), None)
        if empty is not None and self._on_empty is OnEmpty.ERROR:
            raise InputError(f"{name}: line {empty.line} has no text; fill it in, or skip it with --empty skip")

    def places(self, rows: list[Row]) -> list[int]:
        """Return the positions of the rows in a window that get no label."""
        if self._on_empty is OnEmpty.LABEL:
            return []
        places = [place for place, row in enumerate(rows) if row.is_empty]
        if places and not self.count:
            self.first = rows[places[0]].line
        self.count += len(places)
        return places

    def notice(self, total: int, options: argparse.Namespace) -> None:
        """Print how many there were, if any."""
        if self.count and not options.quiet:
            print(
                f"claxon: {self.count:,} of {total:,} rows have no text and got no label, the first: line {self.first} "
                "(--empty says otherwise)",
                file=sys.stderr,
            )


def _is_typed(options: argparse.Namespace) -> bool:
    """Whether the input is typed in a terminal."""
    return options.texts is None and options.input in (None, STANDARD_STREAM) and sys.stdin.isatty()
