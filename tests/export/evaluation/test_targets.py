"""Labels of the data find their place among a head's, and what does not is named."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from claxon.bundle.manifest import LabelValue
from claxon.errors import OptionError
from claxon_export.evaluation.targets import (
    UNKNOWN,
    listed,
    mapped_labels,
    parsed_map,
    targets_of,
    unknown_labels_message,
)


@pytest.mark.parametrize(
    ("labels", "head_labels", "columns"),
    [
        (["b", "a"], ("a", "b"), [1, 0]),
        ([1, 0], (0, 1), [1, 0]),
        (["1", "0"], (0, 1), [1, 0]),
        ([1, 0], ("0", "1"), [1, 0]),
        (["-1", " 3 "], (-1, 3), [0, 1]),
        ([True, False], (False, True), [1, 0]),
        (["True", "false", "TRUE"], (False, True), [1, 0, 1]),
        ([1.0, 2.0], (1, 2), [0, 1]),
        (["1"], (1, "1"), [1]),
        ([1], (1, "1"), [0]),
    ],
)
def test_same_label_written_otherwise(
    labels: list[LabelValue], head_labels: tuple[LabelValue, ...], columns: list[int]
) -> None:
    result = targets_of(labels, head_labels)
    assert result.columns.tolist() == columns
    assert result.unknown == {}


@pytest.mark.parametrize(
    ("labels", "head_labels"),
    [(["Positive"], ("POSITIVE", "NEGATIVE")), ([True], (0, 1)), ([1], (False, True)), (["1.0"], (0, 1))],
)
def test_nothing_is_guessed(labels: list[LabelValue], head_labels: tuple[LabelValue, ...]) -> None:
    assert targets_of(labels, head_labels).columns.tolist() == [UNKNOWN]


def test_unknown_and_absent_labels_are_told_apart() -> None:
    result = targets_of(["a", "x", "y", "x"], ("a", "b", "c"))
    assert result.columns.tolist() == [0, UNKNOWN, UNKNOWN, UNKNOWN]
    assert list(result.unknown.items()) == [("x", 2), ("y", 1)]
    assert result.absent == ("b", "c")
    assert result.is_known.tolist() == [True, False, False, False]


def test_labels_get_their_new_names() -> None:
    assert mapped_labels([1, 0, 1], {"1": "positive"}) == ["positive", 0, "positive"]
    assert mapped_labels([True], {"true": "yes"}) == ["yes"]


def test_several_labels_may_become_one() -> None:
    assert mapped_labels(["4", "5"], {"4": "good", "5": "good"}) == ["good", "good"]


def test_mapping_a_label_that_is_not_there() -> None:
    with pytest.raises(OptionError, match="the data has no label '2' to be mapped, but '1', '0'"):
        mapped_labels([1, 0], {"2": "x"})


def test_map_words() -> None:
    assert parsed_map(["1=positive", "0=a=b"]) == {"1": "positive", "0": "a=b"}


@pytest.mark.parametrize("word", ["1", "=x", "1=", "="])
def test_words_that_are_no_mapping(word: str) -> None:
    with pytest.raises(OptionError, match="expected OLD=NEW, such as 1=positive"):
        parsed_map([word])


def test_a_label_mapped_twice() -> None:
    with pytest.raises(OptionError, match="names '1' twice: 'a' and 'b'"):
        parsed_map(["1=a", "1=b"])


def message(labels: Sequence[LabelValue], head_labels: Sequence[LabelValue]) -> str:
    return unknown_labels_message("mood", targets_of(labels, head_labels), head_labels)


def test_message_names_both_sides_and_what_to_do() -> None:
    assert message(["1", "0", "1"], ("negative", "positive")) == (
        "head 'mood' does not know '1', '0' (3 of 3 texts); it knows 'negative', 'positive'; "
        "say what is what, as in --map 1=negative (label_map=), "
        "or leave such texts out with --leave-out-unknown (leave_out_unknown=True)"
    )


def test_message_offers_labels_that_differ_in_capitals_only() -> None:
    result = message(["Positive", "negative"], ("NEGATIVE", "POSITIVE"))
    assert "give --map Positive=POSITIVE --map negative=NEGATIVE, or" in result


def test_labels_with_spaces_can_be_copied_into_a_shell() -> None:
    assert "give --map 'very negative=Very Negative', or" in message(["very negative"], ("Very Negative", "x"))
    assert "as in --map 'so so=Very Negative' (label_map=)" in message(["so so"], ("Very Negative", "x"))


def test_message_offers_numbers_that_differ_in_decimals_only() -> None:
    assert "give --map 1.0=1, or" in message(["1.0"], (0, 1))


def test_many_labels_are_not_all_listed() -> None:
    assert listed(map(str, range(1000))).endswith("'11', and 988 more")
