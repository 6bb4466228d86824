"""Labels of every kind of output, told apart by the output's name."""

from __future__ import annotations

import numpy as np

from claxon_export.heads.comparison import (
    EACH_PROBABILITY,
    NUMBER,
    PROBABILITIES,
    VALUES,
    has_another_label,
    is_head_output,
    label_agreement,
    units_of,
)

RIGHT = np.array([[0.9, 0.6], [0.5005, 0.1], [0.2, 0.8]])
OTHER = np.array([[0.9, 0.4], [0.4995, 0.1], [0.8, 0.2]])


def test_one_label_wins_by_a_margin() -> None:
    assert has_another_label(PROBABILITIES, RIGHT, OTHER, 1e-3).tolist() == [False, False, True]
    assert has_another_label(f"{VALUES}, padded", RIGHT, OTHER, 0.7).tolist() == [False, False, False]
    assert label_agreement(PROBABILITIES, RIGHT, OTHER) == 2 / 3


def test_labels_by_themselves_are_held_against_the_threshold() -> None:
    assert has_another_label(f"{EACH_PROBABILITY}, padded", RIGHT, OTHER, 1e-3).tolist() == [True, False, True]
    assert label_agreement(EACH_PROBABILITY, RIGHT, OTHER) == 0


def test_a_number_has_no_label_and_is_taken_in_its_own_units() -> None:
    assert not has_another_label(NUMBER, RIGHT[:, :1], OTHER[:, :1], 0).any()
    assert label_agreement(NUMBER, RIGHT[:, :1], OTHER[:, :1]) is None
    assert [units_of(name, 40 * RIGHT) for name in (NUMBER, PROBABILITIES)] == [36, 1]
    assert units_of(NUMBER, RIGHT) == 1


def test_what_is_the_classifiers() -> None:
    assert [is_head_output(name) for name in ("number, padded", "mean", "embedding, padded")] == [True, False, False]
