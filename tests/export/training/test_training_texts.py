"""What is known of texts before they are encoded."""

from __future__ import annotations

from claxon_export.data.labelled import LabelledTexts
from claxon_export.training.options import FitOptions
from claxon_export.training.rows import TrainingTexts


def test_equal_texts_have_one_number() -> None:
    options = FitOptions("mood", test_size=0, class_weight="balanced", max_iter=7, threads=3, seed=5)
    texts = TrainingTexts.from_labelled(LabelledTexts.of(["a", "b", "a", "c"], ["x", "y", "x", "y"]), options)
    rows = texts.rows(options)
    assert rows.texts.tolist() == [0, 1, 0, 2]
    assert rows.targets.tolist() == [0, 1, 0, 1]
    assert (rows.n_labels, rows.is_weighted, rows.max_steps, rows.threads, rows.seed) == (2, True, 7, 3, 5)


def test_what_is_held_out_is_not_learnt_from() -> None:
    options = FitOptions("mood", test_size=0.5)
    texts = TrainingTexts.from_labelled(LabelledTexts.of(["a", "b", "c", "d"], ["x", "y", "x", "y"]), options)
    assert sorted([*texts.rows(options).rows, *texts.split.test]) == [0, 1, 2, 3]
    assert texts.rows(options).texts.tolist() == [0, 1, 2, 3]
