"""Checks of the caller's texts; the error names the row."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np

from claxon.errors import InputError
from claxon.text.tokens import IntArray

Row = TypeVar("Row", bound=Hashable)


class OnError(StrEnum):
    """What to do with a row that is not a text: raise, or record it and go on."""

    RAISE = "raise"
    RECORD = "record"


class OnEmpty(StrEnum):
    """What to do with a row whose text is missing: null, empty or blank."""

    SKIP = "skip"
    ERROR = "error"
    LABEL = "label"


NO_TEXT = "has no text"


def is_missing(text: Any) -> bool:
    """Whether a row has no text: ``None``, a NaN or pandas' NA, or a string that is empty or blank."""
    if isinstance(text, str):
        return not text.strip()
    return (
        text is None or (isinstance(text, float) and math.isnan(text)) or type(text).__name__ in ("NAType", "NaTType")
    )


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A row without a result, and the reason."""

    row: int
    message: str


@dataclass(frozen=True, slots=True)
class ReadTexts:
    """Texts, an empty one in the place of each row that is none; ``failed`` tells which those are, in their order.

    Where texts are expected, these are taken as they are: they were checked, and their empty texts are meant.
    """

    texts: list[str]
    failed: tuple[FailedRow, ...] = ()

    def __iter__(self) -> Iterator[str]:
        """The texts."""
        return iter(self.texts)

    def but_for(self, failed: Sequence[FailedRow]) -> ReadTexts:
        """Return the same texts, with these rows failed too."""
        rows = {failure.row for failure in failed}
        texts = ["" if row in rows else text for row, text in enumerate(self.texts)]
        return ReadTexts(texts, tuple(sorted((*self.failed, *failed), key=lambda failure: failure.row)))


def read_texts(texts: Iterable[str], on_error: OnError) -> ReadTexts:
    """The texts, and which rows are none; recorded, a text that is null, empty or blank is one of those.

    Raises:
        InputError: as ``check_texts``; for a row only if ``on_error`` is ``raise``.
    """
    if isinstance(texts, ReadTexts):
        return texts
    return ReadTexts(check_texts(texts)) if on_error is OnError.RAISE else read_rows(texts, on_error)


def read_rows(texts: Iterable[Any], on_error: OnError, on_empty: OnEmpty = OnEmpty.SKIP) -> ReadTexts:
    """The texts of a table's column; a row without a text is skipped (it fails with ``NO_TEXT``), or as asked for.

    Raises:
        InputError: as ``check_texts``; for a row only if ``on_error`` is ``raise``. A row has no text, and ``on_empty``
            is ``error``.
    """
    _check_kind(texts)
    rows: list[Any] = list(_plain(texts))
    failed = []
    for row, text in enumerate(rows):
        problem = NO_TEXT if is_missing(text) else _problem(text)
        if problem is NO_TEXT and on_empty is OnEmpty.LABEL:
            rows[row] = text if isinstance(text, str) else ""
        elif problem is NO_TEXT and on_empty is OnEmpty.ERROR:
            raise InputError(f"row {row} {NO_TEXT}; fill it in, or use empty='skip'")
        elif problem not in (None, NO_TEXT) and on_error is OnError.RAISE:
            raise InputError(f"row {row} {problem}")
        elif problem is not None:
            failed.append(FailedRow(row, problem))
    return ReadTexts(rows).but_for(failed) if failed else ReadTexts(rows)


def check_texts(texts: Iterable[str]) -> list[str]:
    """Return the texts as a list; accepts lists, tuples, generators, numpy arrays, pandas and Arrow columns.

    Raises:
        InputError: a lone ``str``; something that cannot be iterated, or has no order; several dimensions; an item that
            is not a ``str``, or not Unicode (with its row).
    """
    return list(iter_texts(texts))


def iter_texts(texts: Iterable[str]) -> Iterator[str]:
    """Yield the texts one by one, checking each.

    Raises:
        InputError: as ``check_texts`` does; for an item, when it is reached.
    """
    _check_kind(texts)
    return _checked(_plain(texts))


def _check_kind(texts: Any) -> None:
    if isinstance(texts, str | bytes):
        raise InputError(f"expected a list of texts, found one {type(texts).__name__}; write [text]")
    if getattr(texts, "ndim", 1) != 1:
        raise InputError(f"expected texts in one dimension, found an array of shape {getattr(texts, 'shape', '?')}")
    if not isinstance(texts, Iterable) or isinstance(texts, Mapping | set | frozenset):
        raise InputError(f"expected a list of texts, found {type(texts).__name__}")


def iter_windows(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield the texts in lists of ``size``; the last may be shorter. ``texts`` is read lazily.

    Raises:
        InputError: as ``iter_texts`` does.
    """
    source = iter_texts(texts)
    return iter(lambda: list(islice(source, size)), [])


def _plain(texts: Iterable[Any]) -> Iterable[Any]:
    """Convert columns of other libraries to Python values: Arrow has ``to_pylist``, numpy and pandas ``tolist``."""
    for method in ("to_pylist", "tolist"):
        if hasattr(texts, method):
            values: Iterable[Any] = getattr(texts, method)()
            return values
    return texts


def _checked(texts: Iterable[Any]) -> Iterator[str]:
    for row, text in enumerate(texts):
        problem = _problem(text)
        if problem is not None:
            raise InputError(f"row {row} {problem}")
        yield text


def _problem(text: Any) -> str | None:
    if not isinstance(text, str):
        return f"is {type(text).__name__} ({text!r:.40}), expected str"
    if not _is_unicode(text):
        return "contains an unpaired surrogate; use text.encode('utf-8', 'replace').decode()"
    return None


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Deduplicated(Generic[Row]):
    """Every text or pair of texts once, in the order of its first row.

    Attributes:
        texts: The different ones.
        rows: Where each row's text stands in ``texts``, ``None`` if all rows differ. Shape: ``(rows,)``, int64.
    """

    texts: list[Row]
    rows: IntArray | None

    @classmethod
    def from_texts(cls, texts: list[Row]) -> Deduplicated[Row]:
        """Find the duplicates in a list of texts."""
        places: dict[Row, int] = {}
        rows = np.fromiter((places.setdefault(text, len(places)) for text in texts), np.int64, len(texts))
        if len(places) == len(texts):
            return cls(texts, None)
        return cls(list(places), rows)

    def to_rows(self, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Expand values of unique texts to all rows. Shapes: ``(texts, …)`` to ``(rows, …)``."""
        return values if self.rows is None else np.asarray(values[self.rows])
