"""CSV and TSV -> records of fields; a record that cannot be read is told of, and the next one is read."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from claxon.errors import InputError

# A quote that is never closed would swallow the rest of the file: it is an error after so many characters.
MAX_FIELD_CHARACTERS = 16 << 20


class Quoting(StrEnum):
    """What a double quote at the beginning of a field means."""

    AUTO = "auto"
    STANDARD = "standard"
    NONE = "none"


class LineSource(Protocol):
    """Lines that can be given back: those of one record, all but the first."""

    @property
    def line(self) -> int:
        """The line that the record begins at, from 1."""

    def begin(self) -> None:
        """A record begins here."""

    def give_back_all_but_first(self) -> None:
        """Go back to the line after the record's first."""

    def __iter__(self) -> Iterator[str]:
        """The lines."""


@dataclass(frozen=True, slots=True)
class Record:
    """The line that a record begins at, from 1, its fields, and why it has none."""

    line: int
    fields: list[str]
    problem: str | None = None


class TextLines:
    """Lines of text as a ``LineSource``."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Take lines with their ends."""
        self._lines = iter(lines)
        self._given_back: deque[str] = deque()
        self._taken: list[str] = []
        self._line = self._next = 1

    @property
    def line(self) -> int:
        """As ``LineSource``."""
        return self._line

    def begin(self) -> None:
        """As ``LineSource``."""
        self._line = self._next
        self._taken.clear()

    def give_back_all_but_first(self) -> None:
        """As ``LineSource``."""
        others = self._taken[1:]
        self._given_back.extendleft(reversed(others))
        self._next -= len(others)

    def __iter__(self) -> Iterator[str]:
        """Itself."""
        return self

    def __next__(self) -> str:
        """The next line."""
        line = self._given_back.popleft() if self._given_back else next(self._lines)
        self._taken.append(line)
        self._next += 1
        return line


def records(lines: LineSource, delimiter: str, quoting: Quoting = Quoting.STANDARD) -> Iterator[Record]:
    """The records; blank lines are none."""
    csv.field_size_limit(MAX_FIELD_CHARACTERS)

    def reader() -> Iterator[list[str]]:
        if quoting is Quoting.NONE:
            return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
        return csv.reader(lines, delimiter=delimiter, strict=True)

    reading = reader()
    while True:
        lines.begin()
        try:
            fields = next(reading)
        except StopIteration:
            return
        except csv.Error as error:
            # A quote that is never closed takes no other row with it.
            lines.give_back_all_but_first()
            reading = reader()
            yield Record(lines.line, [], f"is not valid CSV: {error}")
            continue
        if fields:
            yield Record(lines.line, fields)


def delimiter_of(header: str) -> str:
    """The one of ``,``, ``;`` and tab that the header has most of outside quotes; the comma of equals."""
    unquoted = re.sub(r'"[^"]*"', "", header)
    return max(",;\t", key=unquoted.count)


@dataclass(slots=True)
class _Reading:
    """What came of reading a file one way."""

    rows: int = 0
    bad: int = 0
    first_of_several_lines: int = 0


def settled_quoting(open_lines: Callable[[], Iterator[str]], delimiter: str, name: str) -> Quoting:
    """The way of reading quotes that a whole file is read in.

    Standard where it gives every row the header's number of fields; none where only that does, as in many data sets in
    TSV, which quote nothing.

    Args:
        open_lines: Gives the file's lines, header first, from the beginning each time.
        delimiter: Between fields.
        name: What errors call the file.

    Raises:
        InputError: both ways are possible and give different numbers of rows.
    """
    if not any('"' in line for line in open_lines()):
        return Quoting.STANDARD
    standard, plain = (_read(open_lines(), delimiter, way) for way in (Quoting.STANDARD, Quoting.NONE))
    if plain.bad or (not standard.bad and standard.rows == plain.rows):
        return Quoting.STANDARD
    if standard.bad or delimiter == "\t":
        return Quoting.NONE
    raise InputError(
        f"{name}: a quote opens at line {standard.first_of_several_lines} and closes on a later line. Read as one text "
        f"of several lines, the file has {standard.rows:,} rows (--quoting standard); if quotes mean nothing, it has "
        f"{plain.rows:,} (--quoting none)"
    )


def _read(lines: Iterator[str], delimiter: str, quoting: Quoting) -> _Reading:
    found, source = _Reading(), TextLines(lines)
    width = 0
    for record in records(source, delimiter, quoting):
        if not width:
            width = len(record.fields)
            found.bad += record.problem is not None
            continue
        found.rows += 1
        found.bad += record.problem is not None or len(record.fields) != width
        if not found.first_of_several_lines and any("\n" in field or "\r" in field for field in record.fields):
            found.first_of_several_lines = record.line
    return found
