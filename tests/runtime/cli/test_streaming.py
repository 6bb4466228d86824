from __future__ import annotations

import argparse
import io
import sys

import pytest

from claxon.cli.streaming import Streamed, notice_truncation, open_input, stream_rows, windows
from claxon.errors import OptionError
from claxon.formats.tables import Row

ROWS = [Row(number, "x", {"text": "x"}) for number in range(1, 11)]


def options(**given: object) -> argparse.Namespace:
    defaults = {
        "input": None,
        "texts": None,
        "text": None,
        "format": None,
        "quiet": False,
        "encoding": None,
        "quoting": "auto",
    }
    return argparse.Namespace(**{**defaults, **given})


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def test_windows_grow_and_lose_nothing() -> None:
    found = list(windows(ROWS, 2, 4))
    assert [len(window) for window in found] == [2, 4, 4]
    assert [row for window in found for row in window] == ROWS


def test_texts_on_the_command_line_are_rows() -> None:
    with open_input(options(texts=["a\nb", "c"])) as records:
        assert [row.text for row in records] == ["a\nb", "c"]


def test_texts_and_a_file_are_one_too_many() -> None:
    with pytest.raises(OptionError, match="--texts"):
        open_input(options(texts=["a"], input="in.csv"))


def test_streamed_texts_are_counted() -> None:
    assert stream_rows(ROWS, lambda window: len(window) - 1, options(texts=["x"])) == Streamed(10, 9)


def test_typed_lines_are_answered_one_by_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(io.BytesIO(b"a\nb\n")))
    sizes: list[int] = []

    def work(window: list[Row]) -> int:
        sizes.append(len(window))
        return 0

    with open_input(options()) as records:
        stream_rows(records, work, options())
    assert sizes == [1, 1]
    assert "Ctrl-D" in capsys.readouterr().err


@pytest.mark.parametrize(("cut", "quiet", "is_said"), [(2, False, True), (2, True, False), (0, False, False)])
def test_truncated_texts_are_reported(cut: int, quiet: bool, is_said: bool, capsys: pytest.CaptureFixture[str]) -> None:
    notice_truncation(Streamed(1000, cut), 48, options(quiet=quiet))
    expected = "claxon: 2 of 1,000 texts were truncated to 48 tokens\n"
    assert capsys.readouterr().err == (expected if is_said else "")
