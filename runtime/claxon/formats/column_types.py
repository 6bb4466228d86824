"""The columns of text files: which there are, and of which type each is, found in one reading of all rows.

A column of CSV holds strings. One of JSON lines has the narrowest Arrow type that holds all of its values: bool, int64,
double, string; and JSON itself, as a string, where values are lists or objects, or of several kinds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from enum import Flag, auto
from typing import Any

from claxon.formats.arrow import arrow

# A field with this in its metadata holds JSON; parts that are JSON lines get it back as it was.
JSON_FIELD = {b"claxon": b"json"}
EXACT_IN_DOUBLE = 1 << 53


class Kind(Flag):
    """What a JSON value is; a column's kinds are those of all its values."""

    NULL = 0
    BOOL = auto()
    INT = auto()
    LONG = auto()
    FLOAT = auto()
    STRING = auto()
    OTHER = auto()


_PLAIN = {bool: Kind.BOOL, float: Kind.FLOAT, str: Kind.STRING, type(None): Kind.NULL}


def kind_of(value: object) -> Kind:
    """An integer is ``INT`` where a double holds it exactly, ``LONG`` where int64 does, ``OTHER`` beyond."""
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) <= EXACT_IN_DOUBLE:
            return Kind.INT
        return Kind.LONG if -(1 << 63) <= value < 1 << 63 else Kind.OTHER
    if isinstance(value, str) and not _is_unicode(value):
        return Kind.OTHER  # JSON escapes half of a surrogate pair, Arrow cannot hold it
    return _PLAIN.get(type(value), Kind.OTHER)


class ColumnKinds:
    """Gathers columns and their kinds, in the order of their first rows."""

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = {}

    def add(self, values: Mapping[str, Any]) -> None:
        """The columns of one more row."""
        kinds = self.kinds
        for name, value in values.items():
            kinds[name] = kinds.get(name, Kind.NULL) | kind_of(value)

    def merge(self, others: Mapping[str, Kind]) -> None:
        """The columns of one more file."""
        for name, kind in others.items():
            self.kinds[name] = self.kinds.get(name, Kind.NULL) | kind


def arrow_fields(kinds: Mapping[str, Kind]) -> list[Any]:
    """Arrow fields for columns of these kinds."""
    return [_field(name, kind) for name, kind in kinds.items()]


def string_fields(names: Iterable[str]) -> list[Any]:
    """Arrow fields for columns of strings."""
    return [arrow().field(name, arrow().string()) for name in names]


def _field(name: str, kind: Kind) -> Any:
    pa = arrow()
    if kind in Kind.BOOL and kind:
        return pa.field(name, pa.bool_())
    if kind in Kind.INT | Kind.LONG and kind:
        return pa.field(name, pa.int64())
    if kind in Kind.INT | Kind.FLOAT and kind:
        return pa.field(name, pa.float64())
    if kind in Kind.STRING:
        return pa.field(name, pa.string())
    return pa.field(name, pa.string(), metadata=JSON_FIELD)


def is_json(field: Any) -> bool:
    """Whether an Arrow field holds JSON in its strings."""
    return bool(field.metadata) and field.metadata.get(b"claxon") == b"json"


def columns_of(rows: Sequence[Mapping[str, Any]], schema: Any) -> list[Any]:
    """The rows as Arrow arrays, one for each field of ``schema``; what a row has not is null."""
    return [_array([row.get(field.name) for row in rows], field) for field in schema]


def _array(values: list[Any], field: Any) -> Any:
    if is_json(field):
        values = [None if value is None else _json(value) for value in values]
    return arrow().array(values, field.type)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if _is_unicode(text) else json.dumps(value)


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
