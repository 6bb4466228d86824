"""JSON text -> its objects one by one: JSON lines, an array, or objects that are written over several lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from claxon.errors import InputError

# An object that is longer would have to be held whole.
MAX_OBJECT_CHARACTERS = 64 << 20
KEPT_CHARACTERS = 1 << 20
_BLANK = re.compile(r"\s*")


class Number(float):
    """A JSON number with a fraction or an exponent; ``str`` gives it back as it was written."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, written: str) -> Number:
        """Read a number."""
        number = super().__new__(cls, written)
        number.written = written
        return number

    def __str__(self) -> str:
        """As it was written."""
        return self.written


@dataclass(frozen=True, slots=True)
class JSONObject:
    """An object, the line that it begins at, its text as it was written, or why it is none."""

    line: int
    values: dict[str, Any]
    source: str
    problem: str | None = None


def json_line_objects(lines: Iterable[str], *, keeps_digits: bool = True) -> Iterator[JSONObject]:
    """One object a line; blank lines are none. ``keeps_digits`` makes a ``Number`` of each number with a fraction."""
    decoder = _DECODER if keeps_digits else _PLAIN_DECODER
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _object(line.strip(), number, decoder)


def json_objects(lines: Iterable[str], name: str, *, keeps_digits: bool = True) -> Iterator[JSONObject]:
    """The objects of an array, or those that follow each other; each may be written over several lines.

    ``keeps_digits`` as for ``json_line_objects``.

    Raises:
        InputError: what stands between them is no JSON, or the array is not closed.
    """
    reading = _Buffer(lines, name, _DECODER if keeps_digits else _PLAIN_DECODER)
    is_array = reading.skip("") == "["
    if is_array:
        reading.take(1)
    is_first = True
    while True:
        character = reading.skip("," if is_array and not is_first else "")
        if is_array and character == "]":
            reading.take(1)
            if reading.skip(""):
                raise InputError(f"{name}: line {reading.line}: text follows the end of the JSON array")
            return
        if not character:
            if is_array:
                raise InputError(f"{name}: the JSON array that it begins with is not closed")
            return
        yield reading.next_object()
        is_first = False


class _Buffer:
    """Text of which little more is held than one object."""

    def __init__(self, lines: Iterable[str], name: str, decoder: json.JSONDecoder) -> None:
        self._lines, self._name, self._decoder = iter(lines), name, decoder
        self._text, self._at, self.line = "", 0, 1

    def take(self, n: int) -> str:
        """The next characters, which are passed over."""
        taken = self._text[self._at : self._at + n]
        self.line += taken.count("\n")
        self._at += n
        if self._at > KEPT_CHARACTERS:
            self._text, self._at = self._text[self._at :], 0
        return taken

    def _more(self) -> bool:
        line = next(self._lines, None)
        self._text += line or ""
        return line is not None

    def skip(self, separator: str) -> str:
        """Pass over blanks and one separator; the character that is next, empty at the end."""
        while True:
            blank = _BLANK.match(self._text, self._at)
            self.take(len(blank.group()) if blank else 0)
            following = self._text[self._at : self._at + 1]
            if following and following == separator:
                self.take(1)
                separator = ""
            elif following or not self._more():
                return following

    def next_object(self) -> JSONObject:
        """The value that begins here.

        Raises:
            InputError: it is no JSON.
        """
        begin = self.line
        while True:
            try:
                _, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if self._may_go_on(error) and self._more():
                    continue
                raise InputError(f"{self._name}: what begins at line {begin} is not JSON: {error}") from None
            return _object(self.take(end - self._at), begin, self._decoder)

    def _may_go_on(self, error: ValueError | RecursionError) -> bool:
        """Whether a value may be cut off by the end of what was read so far."""
        held = self._text[self._at :]
        is_at_end = getattr(error, "pos", 0) >= len(self._text.rstrip()) - 1
        is_open = held.count("{") > held.count("}") or held.count("[") > held.count("]")
        return len(held) < MAX_OBJECT_CHARACTERS and (is_at_end or is_open)


def _object(text: str, line: int, decoder: json.JSONDecoder) -> JSONObject:
    try:
        value = decoder.decode(text)
    except (ValueError, RecursionError) as error:
        return JSONObject(line, {}, text, f"is not JSON: {error}")
    if not isinstance(value, dict):
        return JSONObject(line, {}, text, f"is a JSON {type(value).__name__}, expected an object")
    return JSONObject(line, value, text)


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"duplicate key {next(key for key in keys if keys.count(key) > 1)!r}")
    return values


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=Number, object_pairs_hook=_without_duplicates)
_PLAIN_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_without_duplicates)
