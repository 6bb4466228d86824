"""Labels to hypotheses, and which labels of a head say what."""

from __future__ import annotations

from typing import Any

import pytest

from claxon.errors import OptionError
from claxon.heads.entailment import EntailmentHead, contradiction_column, entailment_column, hypotheses_of


@pytest.mark.parametrize(
    ("labels", "entailment", "contradiction"),
    [
        (("contradiction", "neutral", "entailment"), 2, 0),
        (("NEUTRAL", "ENTAILMENT", "CONTRADICTION"), 1, 2),
        (("entailment", "not_entailment"), 0, 1),
        (("not_entailment", "entailment"), 1, 0),
        (("entailment", "neutral", "other"), 0, None),
        (("bad", "good"), None, None),
        ((0, 1), None, None),
    ],
)
def test_columns_are_found_by_name(labels: Any, entailment: int | None, contradiction: int | None) -> None:
    assert entailment_column(labels) == entailment
    assert contradiction_column(labels) == contradiction


def test_braces_and_commas_of_a_label_stay() -> None:
    assert hypotheses_of(["a {b}", "c, d", "{}"], "It is {}!") == ("It is a {b}!", "It is c, d!", "It is {}!")


@pytest.mark.parametrize(
    ("labels", "template", "problem"),
    [
        ([], "{}", "labels is empty"),
        ("a, b", "{}", "labels is one str"),
        (["a", "b", "a"], "{}", "'a' is given twice"),
        (["a", " "], "{}", "not blank"),
        (["a", 1], "{}", "not blank"),
        (["a"], "It is a", "with {} where the label goes"),
        (["a"], "It is {label}", "with {} where the label goes"),
        (["a"], "{} {}", "expected {} once"),
        (["a"], "{} {x}", "expected {} once"),
        (["a"], "{} {", "expected {} once"),
        (["a", "b"], "{{}}", "no place for the label"),
    ],
)
def test_what_cannot_be_a_hypothesis_is_named(labels: Any, template: str, problem: str) -> None:
    with pytest.raises(OptionError, match=problem):
        hypotheses_of(labels, template)


def test_a_head_that_is_no_graph_of_a_bundle_gives_no_logits() -> None:
    class Other:
        name, labels = "other", ("entailment", "contradiction")

    with pytest.raises(OptionError, match="gives no logits"):
        EntailmentHead.of(Other(), ["a", "b"])  # type: ignore[arg-type]
