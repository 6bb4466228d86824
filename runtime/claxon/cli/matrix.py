"""The similarity of every text with every label, in a separate file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from claxon.encoder.features import FloatMatrix, FloatVector
from claxon.errors import OptionError
from claxon.formats.tables import Records, Row
from claxon.formats.writers import ArrayWriter, CSVWriter, JSONWriter, check_new_columns, open_output
from claxon.heads.decision import shortest


class MatrixFormat(StrEnum):
    """The format of a matrix; the values are file suffixes."""

    CSV = ".csv"
    TSV = ".tsv"
    JSONL = ".jsonl"
    NPY = ".npy"


class MatrixWriter(Protocol):
    """Writes cosines in one format."""

    def write(self, rows: list[Row], cosines: FloatMatrix) -> None:
        """Write the cosines of some rows. Shape: ``(rows, labels)``."""

    def finish(self) -> None:
        """Finish after the last row."""


def matrix_format(target: str, output: str) -> MatrixFormat:
    """Return the format for a file's suffix.

    Args:
        target: The matrix's file.
        output: That of the labels, which must be another one.

    Raises:
        OptionError: the suffix is none of ``MatrixFormat``, or both are one file.
    """
    suffix = Path(target).suffix.lower()
    if suffix not in list(MatrixFormat):
        raise OptionError(f"--matrix {target} must end in one of {', '.join(MatrixFormat)}")
    if Path(target).resolve() == Path(output).resolve():
        raise OptionError(f"--matrix and --output are the same file, {target}; use two files")
    return MatrixFormat(suffix)


@contextmanager
def open_matrix(
    target: str, kind: MatrixFormat, labels: Sequence[str], records: Records, prefix: str
) -> Iterator[MatrixWriter]:
    """Open a matrix for atomic writing; the file appears when the block ends without an error.

    CSV and TSV have the input's other columns, then one a label; JSON lines have ``similarity``, an object of label to
    cosine. The text itself is written only where it is the one column. An array has a row a text.

    Raises:
        OptionError: a label's column would have the name of an input's.
        OSError: the file cannot be written.
    """
    with open_output(target) as stream:
        writer = _writer(stream, kind, labels, records, prefix)
        yield writer
        writer.finish()


class NoMatrix:
    """Writes no matrix."""

    def write(self, rows: list[Row], cosines: FloatMatrix) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""


def _writer(stream: BinaryIO, kind: MatrixFormat, labels: Sequence[str], records: Records, prefix: str) -> MatrixWriter:
    if kind is MatrixFormat.NPY:
        return _Array(stream, len(labels))
    if kind is MatrixFormat.JSONL:
        return _JSONRows(stream, labels, records, prefix)
    return _CSVRows(stream, labels, records, prefix, "\t" if kind is MatrixFormat.TSV else ",")


class _Array:
    def __init__(self, stream: BinaryIO, width: int) -> None:
        self._array = ArrayWriter(stream, width)
        self.finish = self._array.finish

    def write(self, rows: list[Row], cosines: FloatMatrix) -> None:  # noqa: ARG002 - an array has no keys
        self._array.write(cosines)


class _CSVRows:
    def __init__(self, stream: BinaryIO, labels: Sequence[str], records: Records, prefix: str, delimiter: str) -> None:
        self._keys = _Keys(records)
        self._names = [f"{prefix}{label}" for label in labels]
        check_new_columns(self._keys.columns, self._names)
        self._writer = CSVWriter(stream, [*self._keys.columns, *self._names], delimiter)

    def write(self, rows: list[Row], cosines: FloatMatrix) -> None:
        for row, values in zip(rows, cosines, strict=True):
            cells = dict(zip(self._names, _cosines(values), strict=True))
            self._writer.write(self._keys.cells(row), cells)

    def finish(self) -> None:
        """Do nothing."""


class _JSONRows:
    def __init__(self, stream: BinaryIO, labels: Sequence[str], records: Records, prefix: str) -> None:
        self._keys = _Keys(records)
        self._labels = labels
        self._name = f"{prefix}similarity"
        check_new_columns(self._keys.columns, [self._name])
        self._writer = JSONWriter(stream)

    def write(self, rows: list[Row], cosines: FloatMatrix) -> None:
        for row, values in zip(rows, cosines, strict=True):
            similarity = dict(zip(self._labels, _cosines(values), strict=True))
            self._writer.write(self._keys.cells(row), {self._name: similarity})

    def finish(self) -> None:
        """Do nothing."""


def _cosines(values: FloatVector) -> list[float | None]:
    """Format the cosines; empty for rows without a result."""
    return [None if np.isnan(value) else shortest(value) for value in values]


class _Keys:
    """The columns that identify a row: all but the text column, or that one if there is no other."""

    def __init__(self, records: Records) -> None:
        self._text_column = records.text_column if len(records.columns) > 1 else None
        self.columns = [name for name in records.columns if name != self._text_column]

    def cells(self, row: Row) -> dict[str, object]:
        return {name: value for name, value in row.values.items() if name != self._text_column}
