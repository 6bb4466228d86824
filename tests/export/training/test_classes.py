from __future__ import annotations

import pytest

from claxon.bundle.manifest import LabelValue
from claxon_export.data.labelled import LabelledTexts
from claxon_export.errors import TrainingError
from claxon_export.training.classes import Classes


def classes(*labels: LabelValue) -> Classes:
    return Classes.from_labelled(
        LabelledTexts.of([f"text {row}" for row in range(len(labels))], labels, name="rows.csv")
    )


@pytest.mark.parametrize(
    ("labels", "expected"),
    [(("b", "a", "b", "a"), ("a", "b")), ((2, -1, 2, -1), (-1, 2)), ((True, False, True, False), (False, True))],
)
def test_labels_are_sorted_and_counted(labels: tuple[LabelValue, ...], expected: tuple[LabelValue, ...]) -> None:
    result = classes(*labels)
    assert result.labels == expected
    assert [result.labels[target] for target in result.targets] == list(labels)
    assert result.counts == dict.fromkeys(expected, 2)
    assert result.notices == ()


def test_one_label_is_named() -> None:
    with pytest.raises(TrainingError, match=r"rows\.csv: found 1 label \('a'\) in 3 texts, expected two or more"):
        classes("a", "a", "a")


def test_labels_seen_once_are_named_with_their_rows() -> None:
    (notice,) = classes("a", "b", "a", "c").notices
    assert notice.startswith("rows.csv: only seen once: 'b' (row 1), 'c' (row 3); used for training only")


def test_many_of_them_are_counted() -> None:
    (notice,) = classes(*range(1, 9)).notices
    assert "5 (row 4) and 3 more; used for training only" in notice


def test_labels_that_look_alike_are_named() -> None:
    (notice,) = classes("joy", "Joy ", "sad", "joy", "Joy ", "sad").notices
    assert notice.endswith("treated as different: 'Joy ' and 'joy'")
