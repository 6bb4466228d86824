"""JSON to frozen dataclasses and back, strictly: no unknown keys, no missing ones except ``LATER``, exact types.

    decode(Point, {"x": 1, "y": 2})  ->  Point(x=1, y=2)

Understands dataclasses, ``tuple[T, ...]``, ``dict[K, V]``, ``StrEnum``, unions and the JSON scalars.
"""

from __future__ import annotations

import dataclasses
import json
import math
from enum import StrEnum
from functools import cache
from types import MappingProxyType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

MAX_DEPTH = 32
# Of a field that came later: where its key is missing, it has its default.
LATER = MappingProxyType({"later": True})


class StrictJSONError(ValueError):
    """The JSON does not match the classes; the message names the place."""


def parse(content: bytes) -> Any:
    """Parse ``content``, JSON in UTF-8.

    Raises:
        StrictJSONError: not JSON, a duplicate key, NaN or infinity, an unpaired surrogate, or nesting deeper than
            ``MAX_DEPTH``.
    """
    try:
        value = json.loads(content.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except StrictJSONError:
        raise
    except (ValueError, RecursionError) as error:  # ValueError: not UTF-8, not JSON, or an integer of 5,000 digits
        raise StrictJSONError(f"not valid JSON: {error}") from None
    _check_value(value, MAX_DEPTH)
    return value


def decode(kind: Any, value: Any, where: str = "") -> Any:
    """Convert ``value`` to an instance of ``kind``.

    Raises:
        StrictJSONError: with the path to the value that does not fit.
    """
    if isinstance(kind, UnionType):
        return _decode_union(kind, value, where)
    if get_origin(kind) is tuple:
        items = _expect(list, value, where)
        return tuple(decode(get_args(kind)[0], item, f"{where}[{i}]") for i, item in enumerate(items))
    if get_origin(kind) is dict:
        key_kind, item_kind = get_args(kind)
        entries = _expect(dict, value, where)
        return {decode(key_kind, k, where): decode(item_kind, v, _join(where, k)) for k, v in entries.items()}
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(kind, value, where)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _decode_enum(kind, value, where)
    return _decode_scalar(kind, value, where)


def encode(value: Any) -> Any:
    """Convert dataclasses, tuples and enums to JSON objects, arrays and strings."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        raise StrictJSONError(f"duplicate key {next(n for n in names if names.count(n) > 1)!r}")
    return result


def _refuse_constant(name: str) -> Any:
    raise StrictJSONError(f"{name} is not a JSON number")


def _check_value(value: Any, left: int) -> None:
    if left == 0 and isinstance(value, dict | list):
        raise StrictJSONError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        check_string(value)
    children = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        _check_value(child, left - 1)


def check_string(text: str) -> None:
    """Raise ``StrictJSONError`` for an unpaired surrogate, which JSON can escape but UTF-8 cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise StrictJSONError(f"{text!r:.80} contains an unpaired surrogate") from None


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _expect(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, kind):
        raise StrictJSONError(f"{where or 'top level'}: expected {kind.__name__}, found {type(value).__name__}")
    return value


def _decode_union(kind: UnionType, value: Any, where: str) -> Any:
    options = [option for option in get_args(kind) if option is not type(None)]
    if value is None and len(options) < len(get_args(kind)):
        return None
    if len(options) == 1:
        return decode(options[0], value, where)
    for option in options:
        try:
            return decode(option, value, where)
        except StrictJSONError:
            continue
    raise StrictJSONError(f"{where or 'top level'}: {value!r:.80} is not one of {kind}")


def _decode_dataclass(kind: Any, value: Any, where: str) -> Any:
    given = _expect(dict, value, where)
    hints = _field_kinds(kind)
    unknown, missing = given.keys() - hints.keys(), hints.keys() - given.keys() - _later_fields(kind)
    if unknown:
        raise StrictJSONError(f"{where or 'top level'}: unknown key {min(unknown)!r}")
    if missing:
        raise StrictJSONError(f"{where or 'top level'}: missing key {min(missing)!r}")
    return kind(**{name: decode(hints[name], value, _join(where, name)) for name, value in given.items()})


@cache
def _later_fields(kind: Any) -> frozenset[str]:
    """Fields that are marked ``metadata=LATER``."""
    return frozenset(field.name for field in dataclasses.fields(kind) if field.metadata == LATER)


@cache
def _field_kinds(kind: Any) -> dict[str, Any]:
    """Return the type of each field; cached, because resolving it is most of the work of reading a manifest."""
    return get_type_hints(kind)


def _decode_enum(kind: type[StrEnum], value: Any, where: str) -> StrEnum:
    try:
        return kind(value)
    except ValueError:
        raise StrictJSONError(f"{where or 'top level'}: {value!r:.80} is not one of {', '.join(kind)}") from None


def _decode_scalar(kind: type, value: Any, where: str) -> Any:
    if kind is float and type(value) is int:
        value = _as_float(value)
    is_kind = type(value) is kind  # bool is no int here
    if not is_kind or (kind is float and not math.isfinite(value)):
        raise StrictJSONError(f"{where or 'top level'}: expected {kind.__name__}, found {value!r:.80}")
    return value


def _as_float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf
