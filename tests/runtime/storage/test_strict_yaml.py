"""YAML as it is taken here: text is text, guesses and tricks are errors with a line."""

from __future__ import annotations

import pytest

from claxon.storage.strict_json import MAX_DEPTH
from claxon.storage.strict_yaml import StrictYAMLError, parse_yaml


def test_text_numbers_lists_and_objects() -> None:
    content = """
a: text with spaces
b: [one, 'two', "3"]
c:
  - 'no'
  - "{label}, indeed"
d: 0.5
e: 3
f: ~
g: >
  folded
  text
"""
    assert parse_yaml(content.encode()) == {
        "a": "text with spaces",
        "b": ["one", "two", "3"],
        "c": ["no", "{label}, indeed"],
        "d": 0.5,
        "e": 3.0,
        "f": None,
        "g": "folded text\n",
    }


@pytest.mark.parametrize(
    "word", ["no", "on", "Yes", "OFF", "true", "y: no", "2001-01-01", "- 5", "- 1.5", "- ~", "5: x"]
)
def test_an_unquoted_value_that_yaml_would_convert_is_refused_with_its_cure(word: str) -> None:
    guessed = word.removeprefix("- ").removesuffix(": x").removeprefix("y: ")
    content = word if word.startswith("- ") or ":" in word else f"- {word}"
    with pytest.raises(StrictYAMLError, match=f'line 1: YAML reads unquoted {guessed} as a .*; write "{guessed}"'):
        parse_yaml(content.encode())


def test_a_boolean_as_a_key_names_its_line() -> None:
    with pytest.raises(StrictYAMLError, match='line 2: YAML reads unquoted no as a bool; write "no"'):
        parse_yaml(b"maybe: I doubt it\nno: never\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("# nothing", "is empty"),
        ("a: &x b\nc: *x", "line 1: anchors and aliases"),
        ("a: *x", "line 1: anchors and aliases"),
        ("a: b\nc: &x [d]", "line 2: anchors and aliases"),
        ("a: !!python/object/apply:os.system [ls]", "line 1: the tag .*os.system is not supported"),
        ("a: !!str no", "line 1: the tag"),
        ("a: b\na: c", "line 2: duplicate key 'a'"),
        ("a: b\n---\nc: d", "contains several documents"),
        ("a: [b", "not valid YAML"),
        ("a: 'b", "not valid YAML"),
        ("\ta: b", "not valid YAML"),
        ("[a, b]: c", "line 1: key of type list"),
        ("<<: {a: b}", "line 1: YAML reads unquoted << as a merge"),
        ("a: .inf", "line 1: .inf is not a decimal number"),
        ("a: 0x1f", "line 1: 0x1f is not a decimal number"),
        ("a:\n  b:\n  c: d", "line 2: empty value"),
        ('a: "\\ud800"', "an unpaired surrogate"),
        ("[" * MAX_DEPTH + "a" + "]" * MAX_DEPTH, f"nested deeper than {MAX_DEPTH}"),
        ("[" * 100_000, "nested deeper than|not valid YAML"),
        ("a: \0", "not valid YAML"),
    ],
)
def test_unsupported_yaml_is_refused_with_its_line(content: str, message: str) -> None:
    with pytest.raises(StrictYAMLError, match=message):
        parse_yaml(content.encode())


def test_bytes_that_are_not_utf8() -> None:
    with pytest.raises(StrictYAMLError, match="not UTF-8"):
        parse_yaml(b"a: \xff")


def test_the_deepest_that_is_taken() -> None:
    assert parse_yaml(b"[" * (MAX_DEPTH - 1) + b"a" + b"]" * (MAX_DEPTH - 1)) is not None
