"""Labels as pictures can hold them."""

from __future__ import annotations

import matplotlib.ft2font
import pytest

from claxon_export.evaluation.plots import names
from claxon_export.evaluation.plots.names import FALLBACK, MOST_COLUMNS, columns, names_of, shortened

UNWRITABLE = "\U0001e900"  # Adlam, which DejaVu Sans has not


@pytest.fixture
def one_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_other_families", lambda: iter(()))


def test_short_labels_stay_as_they_are() -> None:
    result = names_of(["joy", "sadness"])
    assert (result["joy"], result["sadness"], result.numbered, result.families) == ("joy", "sadness", {}, (FALLBACK,))


@pytest.mark.parametrize("label", ["a" * 60, "customer complaint about the delivery of a parcel", "語" * 30])
def test_long_labels_keep_their_beginning_and_end(label: str) -> None:
    result = shortened(label)
    assert columns(result) <= MOST_COLUMNS
    assert "…" in result
    assert (result[0], result[-1]) == (label[0], label[-1])


def test_labels_that_become_equal_are_told_apart() -> None:
    labels = [f"{'a' * 40} {i} {'b' * 40}" for i in range(3)]
    assert len({names_of(labels)[label] for label in labels}) == 3


@pytest.mark.parametrize(("label", "name"), [("a\nb\tc", "a b c"), ("  a ", "a"), (" ", "' '"), ("a\x1bb", "a b")])
def test_names_are_one_line(label: str, name: str) -> None:
    assert shortened(label) == name


@pytest.mark.usefixtures("one_font")
def test_labels_that_no_font_can_write_become_numbers() -> None:
    result = names_of(["joy", UNWRITABLE])
    assert result[UNWRITABLE] == "#2"
    assert result.numbered == {"#2": UNWRITABLE}


def test_another_font_of_the_machine_helps_out(monkeypatch: pytest.MonkeyPatch) -> None:
    real = names._characters_of
    monkeypatch.setattr(names, "_other_families", lambda: iter(["No Help", "Helper"]))
    helped = {"No Help": frozenset[int](), "Helper": frozenset({ord(UNWRITABLE)})}
    monkeypatch.setattr(names, "_characters_of", lambda family: helped.get(family) or real(FALLBACK))
    # Adlam runs from right to left.
    monkeypatch.setattr(matplotlib.ft2font, "__libraqm_version__", "0.10.3", raising=False)
    result = names_of([UNWRITABLE])
    assert result.families == (FALLBACK, "Helper")
    assert result.numbered == {}


@pytest.mark.usefixtures("one_font")
@pytest.mark.parametrize("label", ["سلبي", "שלילי"])
def test_right_to_left_labels_are_numbers_where_matplotlib_would_turn_them(
    label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(matplotlib.ft2font, "__libraqm_version__", raising=False)
    assert names_of([label])[label] == "#1"


def test_a_font_of_boxes_is_no_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_regular_fonts", lambda: {FALLBACK: "", "Last Resort High-Efficiency": ""})
    assert list(names._other_families()) == []


def test_the_fonts_of_this_machine_can_be_read() -> None:
    assert all(isinstance(names._characters_of(family), frozenset) for family in names._other_families())
