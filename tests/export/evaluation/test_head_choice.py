"""Which heads are evaluated, and on which texts."""

from __future__ import annotations

import pytest

from claxon.errors import OptionError
from claxon_export.errors import EvaluationError
from claxon_export.evaluation.head_choice import chosen_heads
from tests.evaluations import head_spec

MOOD = head_spec("mood", ("bad", "good"))
SCALE = head_spec("scale", ("bad", "so so", "good"))
TOPIC = head_spec("topic", ("book", "phone"))


def test_all_heads_that_know_the_labels_are_judged_and_the_others_named() -> None:
    result = chosen_heads([MOOD, SCALE, TOPIC], ["good", "bad"])
    assert [candidate.spec.name for candidate in result.candidates] == ["mood", "scale"]
    assert result.is_kept.tolist() == [True, True]
    assert result.notes == ("head 'topic' is not evaluated: it does not know 'good', 'bad'; it knows 'book', 'phone'",)


def test_named_heads_are_judged_in_their_order_and_once() -> None:
    result = chosen_heads([MOOD, SCALE], ["good"], names=["scale", "mood", "scale"])
    assert [candidate.spec.name for candidate in result.candidates] == ["scale", "mood"]


def test_a_named_head_must_know_every_label() -> None:
    with pytest.raises(EvaluationError, match="head 'mood' does not know 'so so'"):
        chosen_heads([MOOD, SCALE], ["good", "so so"], names=["mood"])


def test_no_head_knows_the_labels() -> None:
    with pytest.raises(EvaluationError, match=r"head 'mood' does not know '1' .* it knows 'bad', 'good'"):
        chosen_heads([MOOD, TOPIC], ["1", "good"])


def test_texts_with_unknown_labels_are_left_out_for_all_heads() -> None:
    result = chosen_heads([MOOD, SCALE], ["good", "so so", "bad", "?"], leave_out_unknown=True)
    assert len(result.candidates) == 2
    assert result.is_kept.tolist() == [True, False, True, False]


def test_a_head_that_knows_nothing_is_passed_over_even_then() -> None:
    result = chosen_heads([MOOD, TOPIC], ["good", "so so"], leave_out_unknown=True)
    assert [candidate.spec.name for candidate in result.candidates] == ["mood"]
    assert len(result.notes) == 1


def test_heads_without_a_label_in_common() -> None:
    with pytest.raises(EvaluationError, match="no text has a label that all of 'mood', 'topic' know"):
        chosen_heads([MOOD, TOPIC], ["good", "book"], leave_out_unknown=True)


@pytest.mark.parametrize("names", ["mood", []])
def test_names_are_a_list(names: list[str]) -> None:
    with pytest.raises(OptionError, match="expected a list of names"):
        chosen_heads([MOOD], ["good"], names=names)


def test_unknown_head() -> None:
    with pytest.raises(OptionError, match="the bundle has no head 'moood'; its heads are: mood, topic"):
        chosen_heads([MOOD, TOPIC], ["good"], names=["moood"])


def test_bundle_without_heads() -> None:
    with pytest.raises(OptionError, match="the bundle has no heads; add one with `claxon fit`"):
        chosen_heads([], ["good"])
