"""Labels and phrasings: what is taken, what is refused, and what the files may hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claxon.errors import OptionError
from claxon.heads.decision import Abstention
from claxon.heads.label_files import MAX_FILE_BYTES
from claxon.heads.label_sets import Combine, LabelSet


def test_names_are_their_own_phrasings() -> None:
    labels = LabelSet.of(["negative", "positive"])
    assert labels == LabelSet(("negative", "positive"), (("negative",), ("positive",)), Combine.MEAN)


def test_a_mapping_gives_a_description_or_several_phrasings() -> None:
    labels = LabelSet.of({"bad": ["I hate it.", "Broken."], "good": "I love it."}, combine="best")
    assert labels.phrasings == (("I hate it.", "Broken."), ("I love it.",))
    assert labels.combine is Combine.BEST
    assert labels.counts == (2, 1)
    assert labels.texts == ("I hate it.", "Broken.", "I love it.")


def test_the_template_is_put_around_every_phrasing() -> None:
    labels = LabelSet.of({"bad": ["awful", "poor"], "good": "fine"}, template="It is {label}, {so} {label}.")
    assert labels.phrasings == (
        ("It is awful, {so} awful.", "It is poor, {so} poor."),
        ("It is fine, {so} fine.",),
    )
    assert labels.labels == ("bad", "good")


def test_numpy_strings_become_plain_ones() -> None:
    labels = LabelSet.of(np.array(["a", "b"]))  # type: ignore[arg-type]
    assert [type(label) for label in labels.labels] == [str, str]


def test_commas_separate_names_on_a_command_line() -> None:
    assert LabelSet.parse(" Very Negative,Neutral , Positive").labels == (
        "Very Negative",
        "Neutral",
        "Positive",
    )


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("positive", "expected a list of names"),
        (b"ab", "expected a list of names"),
        ({"a", "b"}, "expected a list of names"),
        (3, "expected a list of names"),
        (None, "expected a list of names"),
        ([], "found 0 label"),
        (["only"], "found 1 label"),
        ({"only": "one"}, "found 1 label"),
        (["a", "b", "a"], "'a' stands twice"),
        (["a", "  "], "label 2 is empty"),
        (["a", 1], "a label is 1, expected a string"),
        ({"a": "x", 2: "y"}, "a label is 2"),
        ({"a": "x", "b": ""}, "'b' has no phrasing"),
        ({"a": "x", "b": []}, "'b' has no phrasing"),
        ({"a": "x", "b": ["y", " "]}, "'b' has no phrasing"),
        ({"a": "x", "b": ["y", 3]}, "expected a string or a list of strings"),
        ({"a": "x", "b": 3}, "expected a string or a list of strings"),
        ({"a": ["x", "x"], "b": "y"}, "'x' of 'a' stands under 'a' already"),
        ({"a": "x", "b": "x"}, "'x' of 'b' stands under 'a' already"),
    ],
)
def test_what_is_no_set_of_labels_is_refused(labels: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        LabelSet.of(labels)


@pytest.mark.parametrize("template", ["It is so.", "It is {Label}.", "{}", "", 3])
def test_a_template_without_a_place_for_the_label_is_refused(template: Any) -> None:
    with pytest.raises(OptionError, match=r"does not contain \{label\}"):
        LabelSet.of(["a", "b"], template=template)


def test_a_template_does_not_hide_an_empty_phrasing() -> None:
    with pytest.raises(OptionError, match="'b' has no phrasing"):
        LabelSet.of({"a": "x", "b": " "}, template="It is {label}.")


def test_an_unknown_combination_lists_the_known() -> None:
    with pytest.raises(OptionError, match="'median', expected one of mean, best"):
        LabelSet.of(["a", "b"], combine="median")


def test_parse_refuses_an_empty_name() -> None:
    with pytest.raises(OptionError, match="label 2 is empty"):
        LabelSet.parse("a,,b")


def test_each_label_needs_its_group() -> None:
    with pytest.raises(OptionError, match="1 groups of phrasings for 2 labels"):
        LabelSet(("a", "b"), (("x",),))


def test_a_json_file_holds_what_of_takes(tmp_path: Path) -> None:
    given = {"schlecht": ["übel", "kaputt"], "gut": "schön"}
    path = tmp_path / "labels.JSON"
    path.write_text(json.dumps(given, ensure_ascii=False), encoding="utf-8")
    assert LabelSet.from_file(path, template="Es ist {label}.", combine="best") == LabelSet.of(
        given, template="Es ist {label}.", combine="best"
    )


def test_a_text_file_holds_a_name_a_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes(b"\xef\xbb\xbfnegative\r\n\r\n positive: yes \n")
    assert LabelSet.from_file(str(path)).labels == ("negative", "positive: yes")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.toml", b"a: b", r"end in \.json, \.yaml, \.yml, \.txt, found '\.toml'"),
        ("labels.yaml", b"a: b", "found 1 label"),
        ("labels.yaml", b"a: b\nno: c", "line 2: YAML reads unquoted no as a bool"),
        ("labels.json", b'{"labels": ["a", "b"], "tempature": 1}', "unknown setting 'tempature' beside 'labels'"),
        ("labels.json", b'{"labels": ["a", "b"], "temperature": 0}', "temperature is 0, expected a number above 0"),
        ("labels.json", b'{"labels": ["a", "b"], "template": 3}', "the template 3 does not contain"),
        ("labels.json", b'{"labels": ["a", "b"], "combine": []}', r"combine is '?\[\]'?, expected one of mean, best"),
        ("labels.json", b'{"labels": ["a", "b"], "margin": -1}', "margin is -1, expected 0 or more"),
        ("labels.json", b'{"labels": ["a", "b"], "threshold": true}', "threshold is True, expected a number"),
        ("labels.json", b'{"a": "x", "a": "y"}', "duplicate key 'a'"),
        ("labels.json", b"[", "not valid JSON"),
        ("labels.json", b'"a,b"', "expected a list of names"),
        ("labels.txt", b"\xff\xfe", "can't decode"),
        ("labels.txt", b"one\n", "found 1 label"),
        ("labels.txt", b" " * (MAX_FILE_BYTES + 1), "too large"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OptionError, match=message) as caught:
        LabelSet.from_file(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"absent\.json: cannot be read"):
        LabelSet.from_file(tmp_path / "absent.json")


SETTINGS = {"template": "It is {label}.", "combine": "best", "temperature": 0.5, "threshold": 0.25, "margin": 0.125}
YAML = """
template: It is {label}.
combine: best
temperature: 0.5
threshold: 0.25
margin: 0.125
labels: {bad: [awful, poor], good: fine}
"""


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_file_may_hold_settings_beside_its_labels(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"labels.{suffix}"
    given = {"labels": {"bad": ["awful", "poor"], "good": "fine"}, **SETTINGS}
    path.write_text(YAML if suffix == "yaml" else json.dumps(given))
    found = LabelSet.from_file(path)
    assert found.texts == ("It is awful.", "It is poor.", "It is fine.")
    assert (found.combine, found.temperature, found.abstention) == (Combine.BEST, 0.5, Abstention(0.25, 0.125))


def test_what_is_said_in_the_call_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"labels": ["a", "b"], **SETTINGS}))
    found = LabelSet.from_file(path, template="So {label}", threshold=0.75, combine=None)
    assert found.texts == ("So a", "So b")
    assert (found.combine, found.abstention) == (Combine.BEST, Abstention(0.75, 0.125))


def test_names_with_commas_take_settings_too() -> None:
    assert LabelSet.parse("a,b", margin=0.5) == LabelSet.of(["a", "b"], margin=0.5)


def test_labels_say_nothing_of_temperature_and_abstention_unless_asked() -> None:
    found = LabelSet.of(["a", "b"])
    assert (found.temperature, found.abstention.is_possible) == (None, False)
