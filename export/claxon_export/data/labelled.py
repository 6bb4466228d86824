"""Labelled texts, from a table or from Python: text, label and place of each row, every one of them checked."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from claxon.bundle.manifest import LabelValue
from claxon.errors import OptionError
from claxon.formats.csv_records import Quoting
from claxon.formats.rows import read_source, stream_records
from claxon.formats.tables import STANDARD_STREAM, Format, OnBadRow, Reading, Records
from claxon.formats.writers import open_output, write_reject
from claxon.support.validation import choice
from claxon.text.inputs import OnEmpty, OnError, is_missing, read_rows
from claxon_export.errors import LabelError

DEFAULT_LABEL_COLUMN = "label"
# Of the rows that a message is about, so many are named; the others are counted.
NAMED_ROWS = 5


@dataclass(frozen=True, slots=True)
class Skipped:
    """The places of rows that were left out: no text (null, empty or blank), a text and no label, or not to be read."""

    blank: tuple[int, ...] = ()
    unlabelled: tuple[int, ...] = ()
    unread: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many."""
        return len(self.blank) + len(self.unlabelled) + len(self.unread)


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Texts with a label each: one or more, no text blank, no label empty, all labels of one type.

    Attributes:
        name: What messages call the source.
        texts: As they were read.
        labels: One a text: all ``str``, all ``int`` or all ``bool``.
        lines: Where each row stands in the source: its line from 1 in a table, its position from 0 in a list.
        sha256: Of the table's bytes; of lists, of their rows written as JSON lines of ``text`` and ``label``.
        skipped: The rows that were left out.
        place: What ``lines`` count: ``line`` or ``row``.
    """

    name: str
    texts: tuple[str, ...]
    labels: tuple[LabelValue, ...]
    lines: tuple[int, ...]
    sha256: str
    skipped: Skipped = Skipped()
    place: str = "line"

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.texts)

    @staticmethod
    def of(
        texts: Iterable[str | None],
        labels: Iterable[LabelValue],
        *,
        name: str = "the texts",
        empty: str = OnEmpty.SKIP,
    ) -> LabelledTexts:
        """The rows of two columns, for instance lists, numpy arrays, or columns of pandas or Arrow.

        ``empty`` as for ``read_labelled``.

        Raises:
            InputError: something that is not a text, with its row.
            LabelError: not one label per text, a label that is empty or of another type, or labels of several types.
        """
        on_empty = choice("empty", empty, OnEmpty)
        rows, values = read_rows(texts, OnError.RAISE, on_empty).texts, _plain_labels(labels)
        if len(rows) != len(values):
            raise LabelError(f"{len(rows)} texts and {len(values)} labels; expected one label per text")
        found = _Rows(on_empty)
        for row, (text, label) in enumerate(zip(rows, values, strict=True)):
            found.add(row, text, label)
        found.check(name, "row", skip_unlabelled=False)
        digest = hashlib.sha256()
        for text, label in zip(found.texts, found.labels, strict=True):
            digest.update(json.dumps({"text": text, "label": label}).encode() + b"\n")
        return found.labelled(name, "row", digest.hexdigest())

    @property
    def notice(self) -> str | None:
        """What was left out, in words; ``None`` where nothing was."""
        total = len(self) + self.skipped.count
        parts = [
            f"{len(lines):,} {what} ({in_words(self.place, lines)})"
            for what, lines in (
                ("without text", self.skipped.blank),
                ("without a label", self.skipped.unlabelled),
                ("that could not be read", self.skipped.unread),
            )
            if lines
        ]
        verb = "was" if self.skipped.count == 1 else "were"
        return f"{self.name}: of {total:,} rows, {' and '.join(parts)} {verb} left out" if parts else None


def read_labelled(
    source: str,
    *,
    text_column: str | None = None,
    label_column: str = DEFAULT_LABEL_COLUMN,
    file_format: str | None = None,
    skip_unlabelled: bool = False,
    encoding: str | None = None,
    quoting: str = Quoting.AUTO,
    delimiter: str | None = None,
    quote: str | None = None,
    empty: str = OnEmpty.SKIP,
    on_bad_rows: str = OnBadRow.ERROR,
    rejects: str | None = None,
) -> LabelledTexts:
    """The labelled texts of a table: CSV, TSV, JSON lines, JSON, Parquet, Feather or an Excel workbook.

    Labels of CSV are strings, ``0`` and ``true`` too; JSON lines keep strings, integers and booleans as they are. Rows
    whose text is blank are left out, and one ``UserWarning`` counts them and names the first.

    Args:
        source: A path, or ``-`` for standard input.
        text_column: Which column holds the texts; ``None`` takes ``text``, or the only one.
        label_column: Which column holds the labels.
        file_format: As for ``claxon.formats.rows.open_records``; ``None`` goes by the first bytes and the suffix.
        encoding: Of the file, by Python's name; ``None`` goes by the byte order mark, and is UTF-8 without one.
        quoting: What quotes mean in CSV and TSV, as for ``claxon predict --quoting``.
        skip_unlabelled: Leave rows without a label out as well; otherwise they are an error.
        delimiter: Between fields of CSV; ``None`` goes by the header.
        quote: Around fields of CSV; ``None`` is the double quote.
        empty: A row whose text is null, empty or blank: ``skip`` leaves it out, ``error`` raises, ``label`` keeps it.
        on_bad_rows: A row that cannot be read: ``error`` raises, ``skip`` leaves it out, ``record`` writes it to
            ``rejects`` as well.
        rejects: A file for such rows, JSON lines of line, reason and values.

    Raises:
        OptionError: no such column (the message lists them), or the source is read as plain lines.
        InputError: a row cannot be read; the message names its line.
        LabelError: labels that are missing, no labels at all, or of several types; the message names their lines.
        OSError: the file cannot be opened.
    """
    found, on_bad = _Rows(choice("empty", empty, OnEmpty)), choice("on_bad_rows", on_bad_rows, OnBadRow)
    if (on_bad is OnBadRow.RECORD) != (rejects is not None):
        raise OptionError("on_bad_rows='record' and rejects= (--rejects FILE) go together: give both, or neither")
    name = "standard input" if source == STANDARD_STREAM else source
    reading = Reading.from_options(
        file_format=file_format,
        text_column=text_column,
        record_errors=on_bad is not OnBadRow.ERROR,
        encoding=encoding,
        quoting=quoting,
        delimiter=delimiter,
        quote=quote,
    )
    with (
        nullcontext() if rejects is None else open_output(rejects) as bad_rows,
        opened_table(source, reading, label_column) as table,
    ):
        for row in table.records:
            if row.error is not None:
                found.unread.append(row.line)
                write_reject(bad_rows, row)
                continue
            found.add(row.line, row.text, row.values.get(label_column))
    found.check(name, "line", skip_unlabelled=skip_unlabelled)
    labelled = found.labelled(name, "line", table.sha256)
    if labelled.notice is not None:
        warnings.warn(labelled.notice, UserWarning, stacklevel=2)
    return labelled


def in_words(place: str, lines: Sequence[int]) -> str:
    """``line 3``, ``lines 3, 5, 9``, ``lines 3, 5, 7, 9, 11 and 120 more``."""
    named = ", ".join(map(str, lines[:NAMED_ROWS]))
    more = f" and {len(lines) - NAMED_ROWS:,} more" if len(lines) > NAMED_ROWS else ""
    return f"{place}{'s' if len(lines) > 1 else ''} {named}{more}"


@dataclass(slots=True)
class _Rows:
    """Rows as they come; a row without text is noted and dropped, whatever its label."""

    on_empty: OnEmpty = OnEmpty.SKIP
    texts: list[str] = field(default_factory=list)
    labels: list[Any] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    unlabelled: list[int] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)

    def add(self, line: int, text: str, label: Any) -> None:
        if self.on_empty is not OnEmpty.LABEL and is_missing(text):
            self.blank.append(line)
        elif label is None or (isinstance(label, str) and not label.strip()):
            self.unlabelled.append(line)
        else:
            self.texts.append(text)
            self.labels.append(label)
            self.lines.append(line)

    def check(self, name: str, place: str, *, skip_unlabelled: bool) -> None:
        """Raise ``LabelError`` unless the rows that are left have labels, all of one type."""
        if self.blank and self.on_empty is OnEmpty.ERROR:
            verb = "has" if len(self.blank) == 1 else "have"
            raise LabelError(
                f"{name}: {in_words(place, self.blank)} {verb} no text; fill it in, or leave it out with --empty skip "
                "(empty=)"
            )
        if self.unlabelled and not skip_unlabelled:
            verb = "has" if len(self.unlabelled) == 1 else "have"
            raise LabelError(
                f"{name}: {in_words(place, self.unlabelled)} {verb} no label; label what is there, or leave it out "
                "(--skip-unlabelled)"
            )
        if not self.texts:
            raise LabelError(f"{name}: there is no row with a text and a label")
        for line, label in zip(self.lines, self.labels, strict=True):
            if type(label) not in (str, int, bool):
                whole = "; write whole numbers without a decimal point" if isinstance(label, float) else ""
                whole = "; several labels a text: --multi-label, fit_multi_label" if _is_list(label) else whole
                raise LabelError(
                    f"{name}: {place} {line} has the label {label!r:.80} ({_type_name(label)}), expected str, int "
                    f"or bool{whole}"
                )
        first = {_type_name(label): line for line, label in zip(self.lines[::-1], self.labels[::-1], strict=True)}
        if len(first) > 1:
            kinds = ", ".join(f"{kind} ({place} {first[kind]})" for kind in sorted(first))
            raise LabelError(f"{name}: labels are of several types, {kinds}; expected one")

    def labelled(self, name: str, place: str, sha256: str) -> LabelledTexts:
        """The rows that are left, with the places of those that are not."""
        texts, labels, lines = tuple(self.texts), tuple(self.labels), tuple(self.lines)
        skipped = Skipped(tuple(self.blank), tuple(self.unlabelled), tuple(self.unread))
        return LabelledTexts(name, texts, labels, lines, sha256, skipped, place)


def _is_list(label: Any) -> bool:
    return isinstance(label, list | tuple | set | frozenset)


def _type_name(label: Any) -> str:
    return "float" if isinstance(label, float) else type(label).__name__


def _plain_labels(labels: Iterable[LabelValue]) -> list[Any]:
    """A column's values as Python's own: Arrow has ``to_pylist``; numpy's scalars have ``item``."""
    values = labels.to_pylist() if hasattr(labels, "to_pylist") else labels
    return [label.item() if isinstance(label, np.generic) else label for label in values]


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows, and the SHA-256 of the bytes that they were read from."""

    records: Records
    sha256: str


@contextmanager
def opened_table(source: str, reading: Reading, label_column: str) -> Iterator[_Table]:
    """The rows of a table with labels.

    Raises:
        OptionError: it is plain lines, lacks the label column, or has the texts in it.
        InputError: as ``read_source``.
    """
    with _opened(source, reading) as table:
        if table.records.format is Format.LINES:
            name = table.records.name
            raise OptionError(f"{name} is read as plain lines, which have no labels; add --format csv or jsonl")
        _check_label_column(table.records, label_column)
        yield table


@contextmanager
def _opened(source: str, reading: Reading) -> Iterator[_Table]:
    if source == STANDARD_STREAM:
        content = sys.stdin.buffer.read()
        buffered = io.BufferedReader(io.BytesIO(content))
        with stream_records(buffered, "standard input", reading, Format.LINES) as records:
            yield _Table(records, hashlib.sha256(content).hexdigest())
        return
    with Path(source).open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    with read_source(source, reading) as records:
        yield _Table(records, digest)


def _check_label_column(records: Records, column: str) -> None:
    if column not in records.columns:
        raise OptionError(
            f"{records.name} has no column {column!r}; choose one with --label: {', '.join(records.columns)}"
        )
    if column == records.text_column:
        raise OptionError(
            f"{column!r} cannot be both the texts' and the labels' column; choose with --text and --label"
        )
