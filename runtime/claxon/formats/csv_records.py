"""CSV and TSV -> records of fields; a record that cannot be read is told of, and the next one is read."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Protocol

from claxon.errors import InputError

# A quote that is never closed would swallow the rest of the file: it is an error after so many characters.
MAX_FIELD_CHARACTERS = 16 << 20
BLOCK_LINES = 4096
UNCLOSED = "is not valid CSV: its quote is never closed"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


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
    """Lines of text as a ``LineSource``; those of a record that goes on and on are held as few long strings."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Take lines with their ends."""
        self._lines = iter(lines)
        self._first = True
        self._blocks: list[str] = []
        self._taken: list[str] = []
        self._line = self._next = 1

    @property
    def line(self) -> int:
        """As ``LineSource``."""
        return self._line

    def begin(self) -> None:
        """As ``LineSource``."""
        self._line, self._first = self._next, True
        self._taken.clear()
        self._blocks.clear()

    def give_back_all_but_first(self) -> None:
        """As ``LineSource``."""
        blocks = [*self._blocks, "".join(self._taken)]
        self._next = self._line + 1
        self._lines = chain((line for block in blocks for line in lines_of(block)), self._lines)
        self.begin()

    def __iter__(self) -> Iterator[str]:
        """Itself."""
        return self

    def __next__(self) -> str:
        """The next line."""
        line = next(self._lines)
        self._next += 1
        if self._first:
            self._first = False
            return line
        self._taken.append(line)
        if len(self._taken) == BLOCK_LINES:
            self._blocks.append("".join(self._taken))
            self._taken.clear()
        return line


def lines_of(text: str) -> Iterator[str]:
    r"""The lines of a text with their ends, which are ``\n``, ``\r\n`` or ``\r``."""
    return (match.group() for match in _LINE.finditer(text))


def records(
    lines: LineSource,
    delimiter: str,
    quoting: Quoting = Quoting.STANDARD,
    quote: str = '"',
    *,
    keeps_blank: bool = False,
) -> Iterator[Record]:
    """The records; a blank line is none, or with ``keeps_blank`` one of a single empty field."""
    csv.field_size_limit(MAX_FIELD_CHARACTERS)

    def reader() -> Iterator[list[str]]:
        if quoting is Quoting.NONE:
            return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
        return csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)

    reading = reader()
    while True:
        lines.begin()
        try:
            fields = next(reading)
        except StopIteration:
            return
        except csv.Error as error:
            # A quote that is never closed takes no other row with it.
            line, problem = lines.line, _problem(error)
            lines.give_back_all_but_first()
            reading = reader()
            yield Record(line, [], problem)
            continue
        if fields or keeps_blank:
            yield Record(lines.line, fields or [""])


def _problem(error: csv.Error) -> str:
    if str(error).startswith("unexpected end of data"):
        return UNCLOSED
    return f"is not valid CSV: {error}"


def delimiter_of(header: str, quote: str = '"') -> str:
    """The one of ``,``, ``;`` and tab that the header has most of outside quotes; the comma of equals."""
    unquoted = re.sub(f"{re.escape(quote)}[^{re.escape(quote)}]*{re.escape(quote)}", "", header)
    return max(",;\t", key=unquoted.count)


@dataclass(slots=True)
class _Reading:
    """What came of reading a file one way."""

    width: int = 0
    rows: int = 0
    bad: int = 0
    unclosed: int = 0
    first_of_several_lines: int = 0


def settled_quoting(open_lines: Callable[[], Iterator[str]], delimiter: str, name: str, quote: str = '"') -> Quoting:
    """The way of reading quotes that a whole file is read in.

    Standard where it gives every row the header's number of fields; none where only that does, as in many data sets in
    TSV, which quote nothing. In a file of one column any line is a row, so there the two must agree on the rows.

    Args:
        open_lines: Gives the file's lines, header first, from the beginning each time.
        delimiter: Between fields.
        name: What errors call the file.
        quote: The character that quotes.

    Raises:
        InputError: both ways are possible and give different numbers of rows; or a quote is never closed.
    """
    if not any(quote in line for line in open_lines()):
        return Quoting.STANDARD
    standard, plain = (_read(open_lines(), delimiter, way, quote) for way in (Quoting.STANDARD, Quoting.NONE))
    if plain.bad or (not standard.bad and standard.rows == plain.rows):
        return Quoting.STANDARD
    if plain.width == 1 and standard.unclosed:
        raise InputError(
            f"{name}: a quote opens at line {standard.unclosed} and is never closed; close it, or, if quotes mean "
            f"nothing, add --quoting none, which gives {plain.rows:,} rows"
        )
    is_one_by_one = not standard.first_of_several_lines
    if is_one_by_one or (plain.width > 1 and (standard.bad or _quotes_nothing(open_lines(), delimiter, quote))):
        return Quoting.NONE
    raise InputError(
        f"{name}: a quote opens at line {standard.first_of_several_lines} and closes on a later line. Read as one text "
        f"of several lines, the file has {standard.rows:,} rows (--quoting standard); if quotes mean nothing, it has "
        f"{plain.rows:,} (--quoting none)"
    )


def _quotes_nothing(lines: Iterator[str], delimiter: str, quote: str) -> bool:
    """Whether a file is TSV, and no quote in a field is doubled: whoever quotes fields would double it."""
    if delimiter != "\t":
        return False
    doubled = re.compile(f"{quote}{quote}".join((r"[^\t\r\n]", r"[^\t\r\n]")))
    return not any(doubled.search(line) for line in lines)


def _read(lines: Iterator[str], delimiter: str, quoting: Quoting, quote: str) -> _Reading:
    found, source = _Reading(), TextLines(lines)
    for record in records(source, delimiter, quoting, quote):
        found.unclosed = found.unclosed or (record.line if record.problem == UNCLOSED else 0)
        if not found.width:
            found.width = len(record.fields)
            found.bad += record.problem is not None
            continue
        found.rows += 1
        found.bad += record.problem is not None or not fits(record.fields, found.width)
        if not found.first_of_several_lines and any("\n" in field or "\r" in field for field in record.fields):
            found.first_of_several_lines = record.line
    return found


def fits(fields: Sequence[str], width: int) -> bool:
    """Whether a row has the header's number of fields; more are none where they are empty (trailing delimiters)."""
    return len(fields) == width or (len(fields) > width > 0 and not any(fields[width:]))
