"""Parquet -> windows of a shard's rows; no more of a file is held than a window and a page of each column."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import accumulate
from pathlib import Path
from typing import Any

from claxon.errors import JobInputError
from claxon.formats.arrow import arrow, parquet
from claxon.formats.arrow import damage_told as arrow_damage_told
from claxon.jobs.plan import InputFile, Shard
from claxon.jobs.sources import WINDOW_CHARACTERS, WINDOW_ROWS, Reject, Window

# Rows that are decoded at a time; a window is some of these.
BATCH_ROWS = 256
BUFFER_BYTES = 1 << 20


def open_parquet(path: Path) -> Any:
    """A ``ParquetFile`` that reads as it goes.

    Raises:
        JobInputError: it is not there, or no Parquet.
    """
    with damage_told(path, "its footer"):
        return parquet().ParquetFile(str(path), pre_buffer=False, buffer_size=BUFFER_BYTES)


def damage_told(path: Path, where: str) -> AbstractContextManager[None]:
    """As ``claxon.formats.arrow.damage_told``, with ``JobInputError``."""
    return arrow_damage_told(path, where, JobInputError)


class ParquetSource:
    """A Parquet file that is open; shards that follow each other are read without going back."""

    def __init__(self, file: InputFile, text: str, kept: Any) -> None:
        """Open it.

        Args:
            file: The file.
            text: The column of the texts.
            kept: The Arrow schema of the columns to keep.

        Raises:
            JobInputError: it cannot be read.
        """
        self._path = Path(file.path)
        self._text = text
        self._kept = kept
        self._file = open_parquet(self._path)
        metadata = self._file.metadata
        counts = (metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
        self._starts = list(accumulate(counts, initial=0))
        self._begin(0)

    def windows(self, shard: Shard) -> Iterator[Window]:
        """The shard's rows.

        Raises:
            JobInputError: the file is damaged, or ends before the shard does.
        """
        self._go_to(shard.first_row)
        left = shard.rows
        while left:
            first = self._next_row
            batch, texts = self._some(min(left, WINDOW_ROWS))
            left -= len(texts)
            yield self._window(first, batch, texts)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _go_to(self, row: int) -> None:
        group = max(place for place, start in enumerate(self._starts) if start <= row)
        if not self._starts[group] <= self._next_row <= row:
            self._begin(group)
        while self._next_row < row:
            self._take(min(BATCH_ROWS, row - self._next_row))

    def _begin(self, group: int) -> None:
        """Read on from the first row of a row group."""
        self._batches = self._batches_from(group)
        self._next_row = self._starts[group]
        self._left: Any = None

    def _batches_from(self, first: int) -> Iterator[Any]:
        """Record batches, none of them of two row groups: damage in one is no harm to the one before."""
        names = list(dict.fromkeys([*self._kept.names, self._text]))
        for group in range(first, len(self._starts) - 1):
            yield from self._file.iter_batches(BATCH_ROWS, row_groups=[group], columns=names, use_threads=False)

    def _take(self, most: int) -> Any:
        """The next rows as a record batch, ``most`` of them or fewer."""
        with damage_told(self._path, f"row {self._next_row}"):
            while self._left is None or not len(self._left):
                self._left = next(self._batches, None)
                if self._left is None:
                    raise JobInputError(f"{self._path} ends at row {self._next_row}, and was longer once")
        taken, self._left = self._left.slice(0, most), self._left.slice(most)
        self._next_row += len(taken)
        return taken

    def _some(self, most: int) -> tuple[Any, list[str | UnicodeDecodeError | None]]:
        """Up to ``most`` rows, fewer where their texts are long: a record batch and the texts."""
        pieces: list[Any] = []
        texts: list[str | UnicodeDecodeError | None] = []
        n_characters = 0
        while len(texts) < most and n_characters <= WINDOW_CHARACTERS:
            piece = self._take(most - len(texts))
            pieces.append(piece.select(self._kept.names))
            found = texts_of(piece.column(self._text))
            texts += found
            n_characters += sum(len(text) for text in found if isinstance(text, str))
        return _joined(pieces), texts

    def _window(self, first: int, batch: Any, texts: list[str | UnicodeDecodeError | None]) -> Window:
        good = [place for place, text in enumerate(texts) if not isinstance(text, UnicodeDecodeError)]
        if len(good) < len(texts):
            batch = batch.take(arrow().array(good, arrow().int64()))
        return Window(
            rows=[first + place for place in good],
            lines=None,
            texts=[text or "" for text in texts if not isinstance(text, UnicodeDecodeError)],
            kept=batch,
            rejects=tuple(
                Reject(first + place, None, _problem(self._text, text))
                for place, text in enumerate(texts)
                if isinstance(text, UnicodeDecodeError)
            ),
        )


def is_text_type(kind: Any) -> bool:
    """Whether an Arrow type is one of strings, or a dictionary of strings."""
    types = arrow().types
    if types.is_dictionary(kind):
        return is_text_type(kind.value_type)
    is_view = getattr(types, "is_string_view", lambda _: False)
    return bool(types.is_string(kind) or types.is_large_string(kind) or is_view(kind))


def texts_of(column: Any) -> list[str | UnicodeDecodeError | None]:
    """The strings of a column, each null ``None``, and the error in the place of each that is not UTF-8."""
    if arrow().types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        values: list[str | UnicodeDecodeError | None] = column.to_pylist()
    except UnicodeDecodeError:
        return [None if value is None else _decoded(value) for value in column.cast(arrow().large_binary()).to_pylist()]
    return values


def _decoded(value: bytes) -> str | UnicodeDecodeError:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        return error


def _problem(column: str, text: UnicodeDecodeError) -> str:
    return f"{column!r} is not UTF-8 (byte 0x{text.object[text.start]:02x})"


def _joined(batches: list[Any]) -> Any:
    """One record batch of several."""
    if len(batches) == 1:
        return batches[0]
    table = arrow().Table.from_batches(batches).unify_dictionaries().combine_chunks()
    return table.to_batches()[0]
