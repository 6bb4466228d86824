"""Features and labels of rows -> coefficients, with everything that is known of how they came about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from claxon.bundle.manifest import Feature
from claxon_export.metrics.scores import Scores, held_out_scores
from claxon_export.training.calibration import Calibration, calibrate
from claxon_export.training.few_shot import FewShotCurve, learning_curve
from claxon_export.training.options import FitOptions
from claxon_export.training.rows import TrainingRows
from claxon_export.training.search import FOLDS, CrossValidation, Search, search
from claxon_export.training.solver import FeatureMetric, Problem, Solution, probabilities, solve
from claxon_export.training.splits import Split, folds

Array = np.ndarray[Any, Any]

DEFAULT_STRENGTH = 1.0
# A calibration error above it is told, with the figure that calibration would give.
NOTED_CALIBRATION_ERROR = 0.05


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learned.

    Attributes:
        feature: The one that was chosen, or the only one.
        C: Chosen or given.
        solution: As the head gets it: calibrated, if that was requested.
        scores: Of the held-out rows, ``None`` without any.
        uncalibrated: The same before the calibration.
        search: What was compared, ``None`` if nothing was.
        curve: Where it was requested.
        notices: Whole sentences for the user.
        offered: The scores that calibration would give, where it was not requested and the calibration error of the
            held-out rows exceeds 0.05.
    """

    feature: Feature
    C: float
    solution: Solution
    scores: Scores | None
    search: Search | None = None
    calibration: Calibration | None = None
    uncalibrated: Scores | None = None
    curve: FewShotCurve | None = None
    notices: tuple[str, ...] = ()
    offered: Scores | None = None


def learn(features: Mapping[Feature, Array], training: TrainingRows, test: Array, options: FitOptions) -> Learnt:
    """Choose, fit, calibrate and judge.

    Args:
        features: Those to choose from, the first one where nothing can be compared; finite. Shapes: ``(rows, width)``.
        training: The rows to learn from.
        test: The rows held out.
        options: As ``fit`` was asked.

    Raises:
        MissingDependencyError: SciPy is not installed.
    """
    choice = _choose(features, training, options.strength)
    values = features[choice.feature]
    problem, metric = training.problem(values), FeatureMetric.from_features(values)
    plain = solve(problem, metric, choice.C, training.max_steps)
    calibration = _calibration(problem, metric, training, choice.C) if options.calibrate else None
    solution = plain if calibration is None else calibration.applied(plain)
    scores, uncalibrated = _scores(solution, values, training, test), _scores(plain, values, training, test)
    offered = None if options.calibrate else _offered(plain, scores, values, choice, training, test)
    curve = None
    if options.few_shot is not None:
        curve = learning_curve(values, training, test, plain, choice.C, options.few_shot)
    learnt = Learnt(choice.feature, choice.C, solution, scores, choice.search, calibration, uncalibrated, curve)
    return replace(learnt, notices=tuple(_notices(learnt, features, options)), offered=offered)


@dataclass(frozen=True, slots=True)
class _Choice:
    feature: Feature
    C: float
    search: Search | None


def _choose(features: Mapping[Feature, Array], training: TrainingRows, strength: float | None) -> _Choice:
    """What is open is compared; where nothing can be, the first feature and scikit-learn's own ``C``."""
    first = next(iter(features))
    if len(features) == 1 and strength is not None:
        return _Choice(first, strength, None)
    result = search(features, training, strength)
    if result is None:
        return _Choice(first, strength or DEFAULT_STRENGTH, None)
    return _Choice(result.best.feature, result.best.C, result)


def _calibration(
    problem: Problem, metric: FeatureMetric, training: TrainingRows, strength: float
) -> Calibration | None:
    """What cross-validated logits of all training rows require; ``None`` where no label has two texts."""
    splits = [
        Split(training.rows[split.train], training.rows[split.test])
        for split in folds(training.targets[training.rows], FOLDS, training.seed, texts=training.texts[training.rows])
    ]
    if not splits:
        return None
    folded = CrossValidation(problem, splits, metric, training.max_steps)
    logits = folded.logits(strength)
    return calibrate(logits, training.targets[folded.judged], is_weighted=training.is_weighted)


def _offered(
    solution: Solution, scores: Scores | None, features: Array, choice: _Choice, training: TrainingRows, test: Array
) -> Scores | None:
    """The held-out scores that calibration would give, where the calibration error asks for it."""
    if scores is None or scores.calibration_error <= NOTED_CALIBRATION_ERROR:
        return None
    calibration = _calibration(training.problem(features), FeatureMetric.from_features(features), training, choice.C)
    return None if calibration is None else _scores(calibration.applied(solution), features, training, test)


def _scores(solution: Solution, features: Array, training: TrainingRows, test: Array) -> Scores | None:
    if not len(test):
        return None
    return held_out_scores(probabilities(solution.logits(features[test])), training.targets[test])


def _notices(learnt: Learnt, features: Mapping[Feature, Array], options: FitOptions) -> Iterator[str]:
    """What did not go as requested."""
    if learnt.search is None and (len(features) > 1 or options.strength is None):
        yield (
            f"no label has two texts to learn from, so that nothing could be compared: {learnt.feature} and "
            f"C={learnt.C:g} were taken"
        )
    if not learnt.solution.has_converged:
        yield (
            f"the solver stopped after {learnt.solution.steps} steps before it converged; use a larger max_iter "
            "(--max-iter), or a smaller C"
        )
    if options.calibrate and learnt.calibration is None:
        yield "no label has two training texts, so nothing could be calibrated"
    if learnt.calibration is not None and learnt.calibration.is_at_limit:
        yield (
            f"the calibration stopped at its limit, a factor of {learnt.calibration.factor:.3g}: the training texts "
            "are too easy, too hard or too few to calibrate on; add texts, or leave out --calibrate"
        )
    before, after = learnt.uncalibrated, learnt.scores
    if learnt.calibration is not None and before and after and after.log_loss >= before.log_loss:
        yield (
            f"the calibration did not help on the texts held out (log loss {before.log_loss:.4f} before, "
            f"{after.log_loss:.4f} after); consider leaving out --calibrate"
        )
