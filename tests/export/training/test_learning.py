"""Choosing, fitting, calibrating and judging, on features alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claxon.bundle.manifest import Feature
from claxon_export.metrics.scores import held_out_scores
from claxon_export.training import learning
from claxon_export.training.calibration import Calibration, CalibrationKind
from claxon_export.training.learning import Learnt, learn
from claxon_export.training.options import FitOptions
from claxon_export.training.rows import TrainingRows
from claxon_export.training.solver import probabilities

RANDOM = np.random.default_rng(0)
TARGETS = RANDOM.integers(0, 3, 200)
FEATURES = (np.eye(3)[TARGETS] @ RANDOM.normal(size=(3, 8)) + RANDOM.normal(size=(200, 8))).astype(np.float32)
TEST = np.arange(150, 200)


def learnt(**options: Any) -> Learnt:
    training = TrainingRows(
        np.arange(150),
        TARGETS,
        np.arange(200),
        3,
        is_weighted=False,
        max_steps=options.get("max_iter", 1000),
        threads=1,
        seed=0,
    )
    return learn({Feature.MEAN: FEATURES}, training, TEST, FitOptions("mood", **options))


def test_scores_are_those_of_the_held_out_rows() -> None:
    result = learnt()
    assert result.scores == held_out_scores(probabilities(result.solution.logits(FEATURES[TEST])), TARGETS[TEST])
    assert (result.search, result.calibration, result.curve, result.notices) == (None, None, None, ())


def test_a_given_strength_is_kept_and_an_open_one_is_looked_for() -> None:
    assert learnt(C=0.5).C == 0.5
    result = learnt(C="auto")
    assert result.search is not None
    assert result.C == result.search.best.C


def test_a_calibration_changes_probabilities_and_no_label() -> None:
    plain, result = learnt(C=1000.0), learnt(C=1000.0, calibrate=True)
    assert result.calibration is not None
    assert result.uncalibrated == plain.scores
    np.testing.assert_allclose(result.solution.coefficients, plain.solution.coefficients * result.calibration.factor)
    assert result.scores is not None
    assert plain.scores is not None
    assert result.scores.accuracy == plain.scores.accuracy


def test_a_calibration_that_does_not_help_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    worse = Calibration(CalibrationKind.TEMPERATURE, 15.0)
    monkeypatch.setattr(learning, "calibrate", lambda *_, **__: worse)
    (notice,) = learnt(calibrate=True).notices
    assert notice.startswith("the calibration did not help on the texts held out (log loss 0.")
    assert "consider leaving out --calibrate" in notice


def test_a_solver_that_stops_early_is_told() -> None:
    (notice,) = learnt(C=1000.0, max_iter=1).notices
    assert "the solver stopped after 1 steps before it converged; use a larger max_iter (--max-iter)" in notice


def test_a_calibration_at_its_limit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "calibrate", lambda *_, **__: Calibration(CalibrationKind.TEMPERATURE, 19.99))
    assert any("stopped at its limit, a factor of 20" in notice for notice in learnt(calibrate=True).notices)
    assert not any("limit" in notice for notice in learnt().notices)


def test_equal_texts_do_not_make_a_calibration_sure_of_itself() -> None:
    random = np.random.default_rng(1)
    numbers = np.tile(np.arange(100), 4)
    features, targets = random.normal(size=(100, 60)).astype(np.float32)[numbers], random.integers(0, 2, 100)[numbers]
    options = FitOptions("mood", C=100.0, calibrate=True)

    def factor(texts: np.ndarray[Any, Any]) -> float:
        rows = TrainingRows(np.arange(400), targets, texts, 2, is_weighted=False, max_steps=1000, threads=1, seed=0)
        result = learn({Feature.MEAN: features}, rows, np.arange(0), options)
        assert result.calibration is not None
        return result.calibration.factor

    assert factor(numbers) < 0.2 < factor(np.arange(400))


def test_a_large_calibration_error_is_offered_the_figure_that_calibration_gives() -> None:
    plain, calibrated = learnt(C=1000.0), learnt(C=1000.0, calibrate=True)
    assert plain.scores is not None
    assert plain.scores.calibration_error > learning.NOTED_CALIBRATION_ERROR
    assert plain.offered == calibrated.scores
    assert calibrated.offered is None


def test_a_small_calibration_error_is_offered_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "NOTED_CALIBRATION_ERROR", 1.0)
    assert learnt(C=1000.0).offered is None
