from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from claxon_export.training.rows import TrainingRows

TARGETS = np.array([0, 0, 0, 1, 2, 2, 0, 1])
ROWS = np.array([0, 1, 2, 3, 4, 5])
FEATURES = np.zeros((8, 3), np.float32)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_rows_weigh_as_in_scikit_learn_and_others_nothing(is_weighted: bool) -> None:
    training = TrainingRows(ROWS, TARGETS, np.arange(8), 3, is_weighted=is_weighted, max_steps=10, threads=1, seed=0)
    problem = training.problem(FEATURES)
    expected = compute_sample_weight("balanced" if is_weighted else None, TARGETS[ROWS])
    np.testing.assert_allclose(problem.weights[ROWS, 0], expected)
    assert problem.weights[[6, 7], 0].tolist() == [0, 0]
    assert problem.features is FEATURES
