"""The bar: on standard error when shown, nowhere else, and nothing imported for it when not."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest

from claxon.support import reporting
from claxon.support.progress import progress

HIDDEN = """
import sys
from claxon.support.progress import progress
with progress(1, unit="text", is_shown=False) as bar:
    bar.update(1)
print("tqdm" in sys.modules)
"""


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error counts as a terminal."""
    monkeypatch.setattr(reporting, "can_redraw", lambda: True)


def test_a_shown_bar_draws_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(4, unit="text", is_shown=True) as bar:
        bar.update(3)
        bar.update(1)
    printed = capsys.readouterr()
    assert "4.00/4.00" in printed.err
    assert "text/s" in printed.err
    assert printed.out == ""


def test_a_hidden_bar_draws_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(4, unit="text", is_shown=False) as bar:
        bar.update(4)
    assert capsys.readouterr() == ("", "")


def test_a_bar_that_is_there_already_is_told_instead_of_a_new_one(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(4, unit="text", is_shown=True) as outer, progress(2, unit="text", is_shown=outer) as inner:
        inner.update(4)
    assert capsys.readouterr().err.count("0.00/4.00") == 1
    assert inner is outer


def test_a_bar_is_closed_when_the_work_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(KeyError), progress(None, unit="text", is_shown=True):
        raise KeyError
    assert capsys.readouterr().err.endswith("\n")


def test_tqdm_is_imported_for_a_shown_bar_only() -> None:
    found = subprocess.run([sys.executable, "-c", HIDDEN], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
