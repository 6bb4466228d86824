"""Texts with several labels or a number each, from files and from Python; what is wrong is named by its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claxon_export.data.multi_labelled import multi_labelled, number, numbered, read_targets, several
from claxon_export.errors import LabelError

CSV = 'text,label\ngood,"a|b"\n,c\nbad,\nfine, b | b\n'
JSONL = '{"text": "good", "label": ["a", "b"]}\n{"text": "bad", "label": []}\n{"text": "fine", "label": ["b"]}\n'


def written(folder: Path, name: str, content: str) -> str:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(("name", "content"), [("in.csv", CSV), ("in.jsonl", JSONL)])
def test_labels_are_joined_in_csv_and_listed_in_json(tmp_path: Path, name: str, content: str) -> None:
    found = read_targets(written(tmp_path, name, content), several)
    assert found.targets == (("a", "b"), (), ("b",))
    assert found.labels == ("a", "b")
    np.testing.assert_array_equal(found.label_matrix(("b", "a")), [[True, True], [False, False], [True, False]])
    assert found.place == "line"


def test_lists_of_python_are_taken() -> None:
    found = multi_labelled(["x", "y", " "], [{1}, np.array([2, 1]), []])
    assert (found.targets, found.lines, found.skipped.blank) == (((1,), (2, 1)), (0, 1), (2,))
    assert multi_labelled(["x"], [(1, "a")]).labels == ("1", "a")
    assert numbered(["x", "y"], [1, 2.5]).targets == (1.0, 2.5)


def test_an_unknown_label_is_named_with_its_line() -> None:
    with pytest.raises(LabelError, match="row 1 has the label 'c', expected some of 'a', 'b'"):
        multi_labelled(["x", "y"], [("a",), ("c",)]).label_matrix(("a", "b"))


@pytest.mark.parametrize(
    ("parsed", "content", "message"),
    [
        (several, '{"text": "x", "label": 3}\n', "line 1 has 3, expected a list of labels"),
        (several, '{"text": "x", "label": [1.5]}\n', "expected a list of str, int or bool"),
        (several, '{"text": "x", "label": null}\n', r"line 1 has no label.*--skip-unlabelled"),
        (number, '{"text": "x", "label": "high"}\n', "line 1 has 'high', expected a finite number"),
        (number, '{"text": "x", "label": ""}\n', "line 1 has no label"),
        (number, '{"text": " ", "label": 1}\n', "no row with a text and a label"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, parsed: Any, content: str, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        read_targets(written(tmp_path, "in.jsonl", content), parsed)


def test_rows_without_labels_are_left_out_where_asked(tmp_path: Path) -> None:
    path = written(tmp_path, "in.csv", "text,label\nx,1\ny,\n")
    found = read_targets(path, number, skip_unlabelled=True)
    assert (found.targets, found.skipped.unlabelled) == ((1.0,), (3,))


def test_as_many_as_texts_are_expected() -> None:
    with pytest.raises(LabelError, match="2 texts and 1 labels"):
        numbered(["x", "y"], [1])
