from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from claxon_export.commands.labelled_input import add_labelled, labelled_input


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quiet", action="store_true")
    add_labelled(parser)
    return parser.parse_args(words)


def test_the_words_choose_columns_and_format(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_text('{"a": "great", "b": true}\n{"a": "bad", "b": null}\n')
    options = parsed(str(path), "--text", "a", "--label", "b", "--format", "jsonl", "--skip-unlabelled")
    with pytest.warns(UserWarning, match="1 without a label"):
        found = labelled_input(options)
    assert (found.texts, found.labels) == (("great",), (True,))


def test_without_words_the_columns_are_text_and_label(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("label,text\nx,great\n")
    assert labelled_input(parsed(str(path))).texts == ("great",)
