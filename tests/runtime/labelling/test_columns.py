from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claxon.bundle.manifest import ScoreKind
from claxon.errors import OptionError
from claxon.heads.decision import Abstention, shortest
from claxon.labelling.columns import HeadColumns, HeadNames, answer_columns, head_names, label_kind

SCORES = np.array([[0.1, 0.7, 0.2], [0.4, 0.25, 0.35]], np.float32)


def columns(heads: str = "h", prefix: str = "", top_k: int | None = 1, all_scores: bool = False) -> HeadColumns:
    """The columns of the first of some heads."""
    names = head_names(list(heads), prefix)[heads[0]]
    return HeadColumns.from_labels(("a", "b", "c"), names, top_k=top_k, all_scores=all_scores)


def test_a_label_and_a_score() -> None:
    found = columns()
    first, second = found.outcomes(SCORES)
    assert found.flat(first) == {"predicted_label": "b", "score": 0.7}
    assert found.nested(second) == {"predicted_label": "a", "score": 0.4}


def test_a_head_and_a_prefix_are_in_the_names() -> None:
    assert columns("hk").names(is_nested=False) == ["predicted_label_h", "score_h"]
    assert columns(prefix="x_").names(is_nested=False) == ["x_predicted_label", "x_score"]
    nested = columns("hk", prefix="x_", top_k=2, all_scores=True).names(is_nested=True)
    assert nested == ["x_predicted_label_h", "x_score_h", "x_labels_h", "x_scores_h"]


def test_one_head_has_plain_names() -> None:
    assert head_names(["a"], "x_") == {"a": HeadNames("x_predicted_label", "x_score", "x_labels", "x_scores")}
    assert head_names(["a", "b"], "")["b"] == HeadNames("predicted_label_b", "score_b", "labels_b", "scores_b")


def test_labels_of_one_type_keep_it() -> None:
    labels = (("a", "b"), (1, 2), (0.0, 1.0), (True, False), ("a", 1), (True, 1))
    assert [label_kind(one) for one in labels] == [str, int, float, bool, str, str]


def test_several_labels_flat_and_nested() -> None:
    found = columns(top_k=2, all_scores=True)
    outcome = found.outcomes(SCORES)[0]
    assert found.flat(outcome) == {
        "predicted_label": "b", "score": 0.7, "predicted_label_2": "c", "score_2": 0.2,
        "score_a": 0.1, "score_b": 0.7, "score_c": 0.2,
    }  # fmt: skip
    assert found.nested(outcome) == {
        "predicted_label": "b",
        "score": 0.7,
        "labels": [["b", 0.7], ["c", 0.2]],
        "scores": {"a": 0.1, "b": 0.7, "c": 0.2},
    }


def test_below_the_threshold_there_is_no_label_and_the_score_stays() -> None:
    found = columns(top_k=2)
    sure, unsure = found.outcomes(SCORES, Abstention(0.7))
    assert found.flat(sure) == {
        "predicted_label": "b", "score": 0.7, "predicted_label_2": None, "score_2": 0.2
    }  # fmt: skip
    assert found.nested(sure)["labels"] == [["b", 0.7]]
    assert found.nested(unsure) == {"predicted_label": None, "score": 0.4, "labels": []}


def test_more_labels_than_there_are_is_all_of_them() -> None:
    assert columns(top_k=9).top_k == columns(top_k=None).top_k == 3


def test_without_the_margin_there_is_no_label_and_the_scores_stay() -> None:
    found = columns(top_k=2)
    sure, unsure = found.outcomes(SCORES, Abstention(margin=0.1))
    assert found.flat(sure)["predicted_label_2"] == "c"
    assert found.flat(unsure) == {"predicted_label": None, "score": 0.4, "predicted_label_2": None, "score_2": 0.35}
    assert found.nested(unsure) == {"predicted_label": None, "score": 0.4, "labels": []}


@pytest.mark.parametrize("top_k", [1, 2, 3])
@pytest.mark.parametrize("all_scores", [False, True])
@pytest.mark.parametrize("is_nested", [False, True])
def test_names_are_those_of_the_cells(top_k: int, all_scores: bool, is_nested: bool) -> None:
    found = columns(top_k=top_k, all_scores=all_scores)
    outcome = found.outcomes(SCORES)[0]
    cells = found.nested(outcome) if is_nested else found.flat(outcome)
    assert list(cells) == found.names(is_nested=is_nested)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_the_shortest_number_is_the_same_float32(value: float) -> None:
    """Property: nothing of a float32 is lost."""
    assert np.float32(shortest(value)) == np.float32(value)


def test_labels_of_several_types_are_written_as_strings() -> None:
    names = head_names(["h"], "")["h"]
    found = HeadColumns.from_labels((1, "a", True), names)
    assert [found.nested(outcome)["predicted_label"] for outcome in found.outcomes(SCORES)] == ["a", "1"]


def of_kind(
    kind: ScoreKind, labels: tuple[str | int, ...] = ("a", "b", "c"), *, all_scores: bool = False
) -> HeadColumns:
    return HeadColumns.from_labels(labels, head_names(["h"], "")["h"], top_k=None, all_scores=all_scores, kind=kind)


def test_several_labels_are_joined_in_csv_and_listed_in_json() -> None:
    found = of_kind(ScoreKind.MULTI_LABEL, all_scores=True)
    some, none = found.outcomes(np.array([[0.6, 0.1, 0.7], [0.2, 0.1, 0.3]], np.float32), Abstention(0.5))
    scores = {"score_a": 0.6, "score_b": 0.1, "score_c": 0.7}
    assert found.flat(some) == {"predicted_label": "a|c", "score": 0.7, **scores}
    assert found.nested(some) == {
        "predicted_label": ["a", "c"],
        "score": 0.7,
        "scores": {"a": 0.6, "b": 0.1, "c": 0.7},
    }
    assert [found.flat(none)[name] for name in ("predicted_label", "score")] == ["", 0.3]
    assert found.nested(none)["predicted_label"] == []


def test_several_labels_keep_their_type_where_they_have_one() -> None:
    scores = np.array([[0.6, 0.7]], np.float32)
    for labels, shown in (((1, 2), [1, 2]), ((1, "b"), ["1", "b"])):
        found = of_kind(ScoreKind.MULTI_LABEL, labels)
        assert found.nested(found.outcomes(scores, Abstention(0.5))[0])["predicted_label"] == shown


def test_a_regression_has_its_number_alone() -> None:
    found = of_kind(ScoreKind.REGRESSION, ("stars",), all_scores=True)
    outcome = found.outcomes(np.array([[3.7]], np.float32))[0]
    assert found.flat(outcome) == found.nested(outcome) == {"score": 3.7}
    assert answer_columns(ScoreKind.REGRESSION, found.column) == ["score"]


def test_labels_that_hold_the_sign_between_labels_are_not_joined() -> None:
    with pytest.raises(OptionError, match=r"the label 'a\|b' holds '\|', which joins labels in CSV; use --json"):
        of_kind(ScoreKind.MULTI_LABEL, ("a|b", "c")).check_flat()
    of_kind(ScoreKind.PROBABILITY, ("a|b", "c")).check_flat()
