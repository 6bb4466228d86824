"""What a caller gives as texts -> a list of ``str``, or an error that names the row. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from claxon.errors import InputError


def check_texts(texts: Iterable[str]) -> list[str]:
    """The texts as a list: from lists, tuples, generators, numpy arrays, pandas and Arrow columns.

    Raises:
        InputError: a lone ``str``; something that cannot be iterated, or has no order; several dimensions; an item that
            is not a ``str``, or not Unicode (with its row).
    """
    return list(iter_texts(texts))


def iter_texts(texts: Iterable[str]) -> Iterator[str]:
    """The texts one by one, each checked as it comes.

    Raises:
        InputError: as ``check_texts`` does; for an item, when it is reached.
    """
    if isinstance(texts, str | bytes):
        raise InputError(f"expected a list of texts, found one {type(texts).__name__}; write [text]")
    if getattr(texts, "ndim", 1) != 1:
        raise InputError(f"expected texts in one dimension, found an array of shape {getattr(texts, 'shape', '?')}")
    if not isinstance(texts, Iterable) or isinstance(texts, Mapping | set | frozenset):
        raise InputError(f"expected a list of texts, found {type(texts).__name__}")
    return _checked(_plain(texts))


def iter_windows(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """The texts in lists of ``size``, the last one shorter; no more of ``texts`` is read than was asked for.

    Raises:
        InputError: as ``iter_texts`` does.
    """
    source = iter_texts(texts)
    return iter(lambda: list(islice(source, size)), [])


def _plain(texts: Iterable[Any]) -> Iterable[Any]:
    """Columns of other libraries as plain Python values: Arrow has ``to_pylist``, numpy and pandas ``tolist``."""
    for method in ("to_pylist", "tolist"):
        if hasattr(texts, method):
            values: Iterable[Any] = getattr(texts, method)()
            return values
    return texts


def _checked(texts: Iterable[Any]) -> Iterator[str]:
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"row {row} is {type(text).__name__} ({text!r:.40}), expected str")
        if not _is_unicode(text):
            raise InputError(f"row {row} has half of a surrogate pair; use text.encode('utf-8', 'replace').decode()")
        yield text


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
