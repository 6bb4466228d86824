"""Lines instead of a bar, and the steps of a long task."""

from __future__ import annotations

import sys

import pytest

from claxon.support import reporting
from claxon.support.progress import progress
from claxon.support.reporting import CLEAR_LINE, ProgressLines, duration, steps


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_lines_tell_the_start_then_rate_and_time_left_every_30_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = ProgressLines(1500, "text", "encoding", clock)
    for _ in range(8):
        clock.now += 10
        lines.update(50)
    assert capsys.readouterr().err.splitlines() == [
        "claxon: encoding 1,500 texts",
        "claxon: encoding: 150 of 1,500 texts, 5.0 texts per second, 4 min 30 s left",
        "claxon: encoding: 300 of 1,500 texts, 5.0 texts per second, 4 min 0 s left",
    ]


def test_lines_without_a_total_tell_the_rate(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = ProgressLines(None, " texts", clock=clock)
    clock.now += 60
    lines.update(120)
    assert capsys.readouterr().err.splitlines() == [
        "claxon: running",
        "claxon: running: 120 texts, 2.0 texts per second",
    ]


def test_lines_tell_no_time_left_while_nothing_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = ProgressLines(3, "layer", "quantizing", clock)
    clock.now += 31
    lines.update(0)
    assert capsys.readouterr().err.splitlines()[1] == "claxon: quantizing: 0 of 3 layers, 0.0 layers per second"


def test_progress_writes_lines_where_nothing_can_be_redrawn(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "can_redraw", lambda: False)
    with progress(4, unit="text", is_shown=True, description="encoding") as bar:
        bar.update(4)
    assert capsys.readouterr().err == "claxon: encoding 4 texts\n"


def test_steps_are_lines_of_their_own_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with steps(is_shown=True) as begin:
        begin("reading the checkpoint")
        begin("writing the graph")
    assert capsys.readouterr().err == "claxon: reading the checkpoint\nclaxon: writing the graph\n"


def test_steps_redraw_one_line_on_a_terminal_and_clear_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with steps(is_shown=True) as begin:
        begin("reading the checkpoint")
    assert capsys.readouterr().err == f"{CLEAR_LINE}claxon: reading the checkpoint …{CLEAR_LINE}"


def test_hidden_steps_write_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with steps(is_shown=False) as begin:
        begin("reading the checkpoint")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (59.4, "59 s"), (125, "2 min 5 s"), (3840, "1 h 4 min"), (-1, "0 s")]
)
def test_duration_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
