"""Labelled texts, from a table or from Python: text, label and place of each row, every one of them checked."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from claxon.bundle.manifest import LabelValue
from claxon.errors import OptionError
from claxon.formats.csv_records import Quoting
from claxon.formats.rows import open_records, stream_records
from claxon.formats.tables import STANDARD_STREAM, Format, Reading, Records, format_of
from claxon.text.inputs import check_texts
from claxon_export.errors import LabelError

DEFAULT_LABEL_COLUMN = "label"
# Of the rows that a message is about, so many are named; the others are counted.
NAMED_ROWS = 5


@dataclass(frozen=True, slots=True)
class Skipped:
    """The places of rows that were left out: their text is empty or blank, or they have a text and no label."""

    blank: tuple[int, ...] = ()
    unlabelled: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many."""
        return len(self.blank) + len(self.unlabelled)


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
    def of(texts: Iterable[str], labels: Iterable[LabelValue], *, name: str = "the texts") -> LabelledTexts:
        """The rows of two columns, for instance lists, numpy arrays, or columns of pandas or Arrow.

        Raises:
            InputError: something that is not a text, with its row.
            LabelError: not one label per text, a label that is empty or of another type, or labels of several types.
        """
        rows, values = check_texts(texts), _plain_labels(labels)
        if len(rows) != len(values):
            raise LabelError(f"{len(rows)} texts and {len(values)} labels; expected one label per text")
        found = _Rows()
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
            for what, lines in (("without text", self.skipped.blank), ("without a label", self.skipped.unlabelled))
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
) -> LabelledTexts:
    """The labelled texts of a table: CSV with commas, semicolons or tabs, JSON lines or a JSON array; any line ending.

    Labels of CSV are strings, ``0`` and ``true`` too; JSON lines keep strings, integers and booleans as they are. Rows
    whose text is blank are left out, and one ``UserWarning`` counts them and names the first.

    Args:
        source: A path, or ``-`` for standard input.
        text_column: Which column holds the texts; ``None`` takes ``text``, or the only one.
        label_column: Which column holds the labels.
        file_format: ``csv``, ``tsv``, ``jsonl`` or ``json``; ``None`` goes by the suffix.
        encoding: Of the file, by Python's name; ``None`` goes by the byte order mark, and is UTF-8 without one.
        quoting: What quotes mean in CSV and TSV, as for ``claxon predict --quoting``.
        skip_unlabelled: Leave rows without a label out as well; otherwise they are an error.

    Raises:
        OptionError: no such column (the message lists them), or the source is read as plain lines.
        InputError: a row cannot be read; the message names its line.
        LabelError: labels that are missing, no labels at all, or of several types; the message names their lines.
        OSError: the file cannot be opened.
    """
    found = _Rows()
    name = "standard input" if source == STANDARD_STREAM else source
    chosen = table_format(source, name, file_format)
    with opened_table(source, chosen, text_column, encoding, quoting) as table:
        check_label_column(table.records, label_column)
        for row in table.records:
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

    texts: list[str] = field(default_factory=list)
    labels: list[Any] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    unlabelled: list[int] = field(default_factory=list)

    def add(self, line: int, text: str, label: Any) -> None:
        if not text.strip():
            self.blank.append(line)
        elif label is None or (isinstance(label, str) and not label.strip()):
            self.unlabelled.append(line)
        else:
            self.texts.append(text)
            self.labels.append(label)
            self.lines.append(line)

    def check(self, name: str, place: str, *, skip_unlabelled: bool) -> None:
        """Raise ``LabelError`` unless the rows that are left have labels, all of one type."""
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
        skipped = Skipped(tuple(self.blank), tuple(self.unlabelled))
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
def opened_table(
    source: str, file_format: Format, text_column: str | None, encoding: str | None, quoting: str
) -> Iterator[_Table]:
    """The rows of a table, by the options of ``read_labelled``."""
    if source == STANDARD_STREAM:
        content = sys.stdin.buffer.read()
        reading = Reading(str(file_format), text_column, False, encoding, Quoting(quoting))
        with stream_records(io.BufferedReader(io.BytesIO(content)), "standard input", reading, file_format) as records:
            yield _Table(records, hashlib.sha256(content).hexdigest())
        return
    with Path(source).open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    with open_records(
        source, file_format=str(file_format), text_column=text_column, encoding=encoding, quoting=quoting
    ) as records:
        yield _Table(records, digest)


def table_format(source: str, name: str, asked: str | None) -> Format:
    """How a table is written; raises ``OptionError`` for plain lines."""
    found = format_of(source, asked)
    if found is Format.LINES:
        raise OptionError(f"{name} is read as plain lines, which have no labels; add --format csv or jsonl")
    return found


def check_label_column(records: Records, column: str) -> None:
    """Raise ``OptionError`` unless there is such a column, and it is not the texts'."""
    if column not in records.columns:
        raise OptionError(
            f"{records.name} has no column {column!r}; choose one with --label: {', '.join(records.columns)}"
        )
    if column == records.text_column:
        raise OptionError(
            f"{column!r} cannot be both the texts' and the labels' column; choose with --text and --label"
        )
