"""Streams rows from input to output, one window at a time."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO

from claxon.cli.arguments import check_one_input
from claxon.errors import InputError, OptionError
from claxon.formats.csv_records import Quoting
from claxon.formats.rows import open_records
from claxon.formats.tables import DEFAULT_TEXT_COLUMN, STANDARD_STREAM, Format, OnBadRow, Records, Row
from claxon.formats.writers import open_output, write_reject
from claxon.support.progress import progress
from claxon.text.inputs import NO_TEXT, FailedRow, OnEmpty, OnError, ReadTexts

# The first window is small, so that the first rows come soon; large ones make better batches.
FIRST_WINDOW, LARGEST_WINDOW = 64, 1024


@dataclass(frozen=True, slots=True)
class Streamed:
    """The number of texts processed, and how many were truncated."""

    total: int
    truncated: int


def open_input(options: argparse.Namespace) -> AbstractContextManager[Records]:
    """The records of ``INPUT`` or of ``--texts``; those that ``--on-bad-rows`` leaves out are not among them.

    Raises:
        OptionError, InputError, OSError: as ``open_records``.
    """
    check_one_input(options)
    return nullcontext(_given_texts(options.texts)) if options.texts is not None else _opened_input(options)


@contextmanager
def _opened_input(options: argparse.Namespace) -> Iterator[Records]:
    source = STANDARD_STREAM if options.input is None else options.input
    if _is_typed(options) and not options.quiet:
        print("claxon: reading from the terminal, one text a line; Ctrl-D ends", file=sys.stderr)
    is_left_out = _on_bad_rows(options) is not OnBadRow.ERROR
    with (
        open_rejects(options) as rejects,
        open_records(
            source,
            file_format=options.format,
            text_column=options.text,
            record_errors=is_left_out or getattr(options, "errors", OnError.RAISE) == OnError.RECORD,
            encoding=options.encoding,
            quoting=options.quoting,
            delimiter=getattr(options, "delimiter", None),
            quote=getattr(options, "quote", None),
        ) as records,
    ):
        yield replace(records, rows=without_bad_rows(records.rows, rejects, options)) if is_left_out else records


@contextmanager
def open_rejects(options: argparse.Namespace) -> Iterator[BinaryIO | None]:
    """Where rows that are left out are written, if they are.

    Raises:
        OptionError: no file is named, and the output has no name to go by; or one is named and nothing is written.
        OutputError: it cannot be written.
    """
    if _on_bad_rows(options) is not OnBadRow.RECORD:
        if getattr(options, "rejects", None) is not None:
            raise OptionError("--rejects needs --on-bad-rows record")
        yield None
        return
    if options.rejects is None and options.output == STANDARD_STREAM:
        raise OptionError("--on-bad-rows record needs a file for the rows that are left out: add --rejects FILE")
    with open_output(options.rejects or f"{options.output}.rejects.jsonl") as stream:
        yield stream


def without_bad_rows(rows: Iterator[Row], rejects: BinaryIO | None, options: argparse.Namespace) -> Iterator[Row]:
    """The rows that could be read; how many could not is told at the end."""
    count, first = 0, ""
    for row in rows:
        if row.error is None:
            yield row
            continue
        count, first = count + 1, first or row.error
        write_reject(rejects, row)
    if count and not options.quiet:
        print(f"claxon: {count:,} bad row{'s' * (count > 1)} left out, the first: {first}", file=sys.stderr)


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


def notice_rows(
    n_read: int, n_done: int, verb: str, options: argparse.Namespace, records: Records | None = None
) -> None:
    """Say on standard error how many rows were read, and how many of them came to something."""
    if options.quiet:
        return
    left = n_read - n_done
    rest = f", {left:,} not" if left else ""
    is_plain = records is not None and records.is_settled and records.quoting is Quoting.NONE
    quotes = "; quotes were read as characters (--quoting standard says otherwise)" if is_plain else ""
    print(f"claxon: {n_read:,} row{'s' * (n_read != 1)} read, {n_done:,} {verb}{rest}{quotes}", file=sys.stderr)


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

    def problems(self, rows: list[Row], failed: Iterable[FailedRow]) -> dict[int, str]:
        """What to say of each row of a window that has no result, by its place: why it could not be read, or run."""
        found = {
            failure.row: f"line {rows[failure.row].line} {failure.message}"
            for failure in failed
            if failure.message != NO_TEXT  # told of by EmptyTexts
        }
        found |= {place: row.error for place, row in enumerate(rows) if row.error is not None}
        if found and not self.count:
            self.first = found[min(found)]
        self.count += len(found)
        return found

    def notice(self, options: argparse.Namespace) -> None:
        """Print how many there were, if any."""
        if self.count and not options.quiet:
            plural = "s" * (self.count > 1)
            print(f"claxon: {self.count:,} row{plural} without a result, the first: {self.first}", file=sys.stderr)


class EmptyTexts:
    """Rows whose text is null, empty or blank: counted, and told of on standard error at the end."""

    def __init__(self, on_empty: OnEmpty, result: str = "label") -> None:
        self._on_empty, self._result = on_empty, result
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

    def texts(self, rows: list[Row]) -> ReadTexts:
        """The texts of a window: those that get no label, and those of rows that could not be read, are failed rows."""
        read = ReadTexts([row.text for row in rows])
        places = [place for place, row in enumerate(rows) if row.is_empty and self._on_empty is not OnEmpty.LABEL]
        unread = [place for place, row in enumerate(rows) if row.error is not None]
        failed = [*(FailedRow(place, NO_TEXT) for place in places), *(FailedRow(place, NO_TEXT) for place in unread)]
        return read.but_for(failed) if failed else read

    def places(self, rows: list[Row]) -> list[int]:
        """Which rows of a window get no label; they are counted."""
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
                f"claxon: {self.count:,} of {total:,} rows have no text and got no {self._result}, the first: "
                f"line {self.first} (--empty says otherwise)",
                file=sys.stderr,
            )


def _on_bad_rows(options: argparse.Namespace) -> OnBadRow:
    """What a command says; those without the option take bad rows for errors."""
    return OnBadRow(getattr(options, "on_bad_rows", OnBadRow.ERROR))


def _is_typed(options: argparse.Namespace) -> bool:
    """Whether the input is typed in a terminal."""
    return options.texts is None and options.input in (None, STANDARD_STREAM) and sys.stdin.isatty()
