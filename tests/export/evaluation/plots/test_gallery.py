"""Which pictures an evaluation has, and the words with them."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from claxon.errors import MissingDependencyError
from claxon_export.evaluation.plots.gallery import drawn
from claxon_export.evaluation.results import Evaluation
from tests.evaluations import sample_evaluation


def small(labels: tuple[str, ...] = ("bad", "good")) -> Evaluation:
    return sample_evaluation(labels, texts=40)


def test_every_head_has_its_pictures() -> None:
    names = [picture.name for picture in drawn(small()).pictures]
    assert names == [
        "confusion-mood",
        "reliability-mood",
        "scores-mood",
        "confusion-topic",
        "scores-topic",
        "labels-embedding",
        "map-mood",
        "map-topic",
        "learning-embedding",
    ]


def test_pictures_have_words_and_bytes() -> None:
    for picture in drawn(small()).pictures:
        assert picture.content.startswith(b"\x89PNG")
        assert picture.alt.endswith(".")
        assert picture.caption.endswith(".")
        assert (picture.head is None) is picture.name.startswith(("labels-", "learning-"))


def test_the_commonest_mistake_is_told() -> None:
    evaluation = small()
    head = replace(evaluation.heads[0], confusion=((9, 0), (3, 5)))
    result = drawn(replace(evaluation, heads=(head,))).pictures[0]
    assert result.caption == "The most common mistake: 3 texts whose truth is good were given bad."


def test_no_mistake_is_told_too() -> None:
    evaluation = small()
    head = replace(evaluation.heads[0], confusion=((9, 0), (0, 5)))
    assert drawn(replace(evaluation, heads=(head,))).pictures[0].caption == "No text was given a wrong label."


def test_many_labels_make_a_wide_matrix() -> None:
    assert [drawn(small(labels)).pictures[0].is_wide for labels in (("a", "b"), tuple("abcdef"))] == [False, True]


def test_an_evaluation_without_a_sample_has_no_map() -> None:
    names = {picture.name for picture in drawn(replace(small(), sample=None)).pictures}
    assert not {name for name in names if name.startswith(("map-", "labels-"))}


@pytest.mark.parametrize("labels", [("سلبي", "日本", "$x$"), ("a\nb", "a b", " ")])
def test_labels_of_any_kind(labels: tuple[str, ...]) -> None:
    assert len(drawn(small(labels)).pictures) == 9


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'claxon\[report\]'"):
        drawn(small())
