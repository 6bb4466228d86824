"""Strict YAML: only the strings, numbers, lists and objects of JSON.

What YAML guesses and people do not mean is an error that says what to write: ``no`` is no boolean here, nor ``5`` a
label. Anchors, aliases and tags are refused, so that no short file stands for a long one and none makes an object.
"""

from __future__ import annotations

import importlib
from typing import Any

from claxon.errors import MissingDependencyError
from claxon.storage.strict_json import MAX_DEPTH, StrictJSONError, check_string

STRING, NUMBERS, NULL = "str", ("int", "float"), "null"


class StrictYAMLError(ValueError):
    """The YAML is not supported; the message names the line."""


def parse_yaml(content: bytes) -> Any:
    """Parse ``content``, YAML in UTF-8.

    Numbers and nulls may only be values of the outermost object, where settings stand; everything else is text.

    Raises:
        StrictYAMLError: not YAML, several documents, an anchor, alias or tag, a duplicate key, an unpaired
            surrogate, nesting deeper than ``MAX_DEPTH``, or an unquoted value that YAML reads as a boolean or a date.
        MissingDependencyError: PyYAML is not installed.
    """
    yaml = _pyyaml()
    try:
        return _Reader(yaml, content.decode()).document()
    except UnicodeDecodeError as error:
        raise StrictYAMLError(f"not UTF-8: {error}") from None
    except yaml.YAMLError as error:
        raise StrictYAMLError(f"not valid YAML: {error}") from None


def _pyyaml() -> Any:
    try:
        return importlib.import_module("yaml")
    except ImportError as error:
        raise MissingDependencyError(
            "a YAML file needs PyYAML, which is not installed; pip install 'claxon[yaml]', or write the file as JSON"
        ) from error


class _Reader:
    """Reads PyYAML's events; its constructors, which create objects, are never used."""

    def __init__(self, yaml: Any, text: str) -> None:
        self._yaml = yaml
        self._loader = yaml.SafeLoader(text)

    def document(self) -> Any:
        """The one document of the stream."""
        self._loader.get_event()  # the stream begins
        if self._loader.check_event(self._yaml.StreamEndEvent):
            raise StrictYAMLError("is empty")
        self._loader.get_event()  # the document begins
        value = self._value(MAX_DEPTH, is_setting=False)
        self._loader.get_event()  # it ends
        if not self._loader.check_event(self._yaml.StreamEndEvent):
            raise StrictYAMLError("contains several documents, expected one")
        return value

    def _value(self, left: int, *, is_setting: bool) -> Any:
        event = self._loader.get_event()
        _check_plain(event)
        if left == 0:
            raise StrictYAMLError(f"{_line(event)}: nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, self._yaml.MappingStartEvent):
            return self._mapping(left - 1)
        if isinstance(event, self._yaml.SequenceStartEvent):
            return self._sequence(left - 1)
        return self._scalar(event, is_setting=is_setting)

    def _mapping(self, left: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not self._loader.check_event(self._yaml.MappingEndEvent):
            event = self._loader.peek_event()
            key = self._value(left, is_setting=False)
            if not isinstance(key, str):
                raise StrictYAMLError(f"{_line(event)}: key of type {type(key).__name__}, expected text")
            if key in result:
                raise StrictYAMLError(f"{_line(event)}: duplicate key {key!r}")
            result[key] = self._value(left, is_setting=left == MAX_DEPTH - 1)
        self._loader.get_event()
        return result

    def _sequence(self, left: int) -> list[Any]:
        result = []
        while not self._loader.check_event(self._yaml.SequenceEndEvent):
            result.append(self._value(left, is_setting=False))
        self._loader.get_event()
        return result

    def _scalar(self, event: Any, *, is_setting: bool) -> Any:
        text: str = event.value
        tag = self._loader.resolve(self._yaml.ScalarNode, text, event.implicit)
        kind = tag.rpartition(":")[2]
        if kind == STRING:
            _check_string(text, event)
            return text
        if is_setting and kind == NULL:
            return None
        if is_setting and kind in NUMBERS:
            return _number(text, event)
        if not text:
            raise StrictYAMLError(f"{_line(event)}: empty value, expected text")
        raise StrictYAMLError(f'{_line(event)}: YAML reads unquoted {text} as a {kind}; write "{text}"')


def _check_plain(event: Any) -> None:
    if getattr(event, "anchor", None) is not None:
        raise StrictYAMLError(f"{_line(event)}: anchors and aliases (& and *) are not supported; write the text out")
    if getattr(event, "tag", None) is not None:
        raise StrictYAMLError(f"{_line(event)}: the tag {event.tag} is not supported; quote the text instead")


def _check_string(text: str, event: Any) -> None:
    try:
        check_string(text)
    except StrictJSONError as error:
        raise StrictYAMLError(f"{_line(event)}: {error}") from None


def _number(text: str, event: Any) -> float:
    try:
        return float(text)
    except ValueError:  # YAML has more of them: 0x1f, .inf, 1:30
        raise StrictYAMLError(f"{_line(event)}: {text} is not a decimal number") from None


def _line(event: Any) -> str:
    return f"line {event.start_mark.line + 1}"
