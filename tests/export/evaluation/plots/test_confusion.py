"""The confusion matrix as it is drawn."""

from __future__ import annotations

from typing import Any

import pytest

from claxon_export.evaluation.plots.confusion import confusion_picture
from claxon_export.evaluation.plots.names import names_of
from claxon_export.evaluation.plots.style import drawing, png
from tests.evaluations import drawn_truth, judged_head

LABELS = {
    "two": ["bad", "good"],
    "six": [f"label {i}" for i in range(6)],
    "twenty": [f"a rather long name for the label of number {i}" for i in range(20)],
    "sixty": [f"label {i}" for i in range(60)],
    "mathematics": ["$x_1$", "a_b^c", "100 %"],
}


def figure(labels: list[str], **options: Any) -> Any:
    head = judged_head("mood", drawn_truth(300, len(labels)), labels, **options)
    return confusion_picture(head, names_of(labels))


def test_labels_in_other_scripts_can_be_drawn() -> None:
    labels = ["سلبي", "日本", "שלילי"]
    with drawing(names_of(labels).families):
        assert png(figure(labels))


def words(result: Any) -> list[str]:
    return [text.get_text() for text in result.axes[0].texts]


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_any_labels_can_be_drawn(labels: list[str]) -> None:
    result = figure(labels)
    assert len(result.axes[0].get_yticks()) == len(labels)
    assert max(result.get_size_inches()) < 14
    assert png(result)


def test_cells_have_counts_and_shares() -> None:
    head = judged_head("mood", drawn_truth(300, 2), ["bad", "good"])
    first = head.confusion[0]
    assert f"{first[0]}\n{first[0] / sum(first):.0%}" in words(confusion_picture(head, names_of(["bad", "good"])))


def test_a_share_that_is_almost_nothing_is_not_nothing() -> None:
    from claxon_export.evaluation.plots.confusion import _percent

    assert [_percent(share) for share in (0, 0.001, 0.006, 1)] == ["0%", "<1%", "1%", "100%"]


def test_many_labels_have_counts_alone_and_very_many_none() -> None:
    assert all("%" not in word for word in words(figure(LABELS["twenty"])))
    assert words(figure(LABELS["twenty"]))
    assert words(figure(LABELS["sixty"])) == []


def test_texts_without_a_label_have_a_column() -> None:
    result = figure(LABELS["two"], threshold=0.7)
    assert [tick.get_text() for tick in result.axes[0].get_xticklabels()] == ["bad", "good", "no label"]
