"""Which strength of regularization and which feature: by cross-validated log loss, on training rows alone.

The log loss judges whole probabilities, so that it tells settings apart on fewer rows than the accuracy does. It has
one minimum in C: from C=1 the search goes on by decades while it falls, and then looks half a decade to both sides.
``C`` is a prior's variance, which does not depend on the number of rows; so a sample of them suffices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from claxon.bundle.manifest import Feature
from claxon_export.metrics.scores import log_loss
from claxon_export.training.rows import TrainingRows
from claxon_export.training.solver import ROUGH_TOLERANCE, FeatureMetric, Problem, Solution, probabilities, solve
from claxon_export.training.splits import Split, folds, sample

Array = np.ndarray[Any, Any]

FOLDS = 5
SEARCH_ROWS = 5000
# Numbers of one array while folds are fitted: as many folds together as it takes.
LOGITS_AT_ONCE = 4_000_000
# C is ten to the half of these.
LOWEST, FIRST, HIGHEST = -8, 0, 10


@dataclass(frozen=True, slots=True)
class Candidate:
    """A setting and how it did on rows that it was not trained on; log loss in nats."""

    feature: Feature
    C: float
    log_loss: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Search:
    """What was tried, feature by feature in order of C, on how many rows."""

    candidates: tuple[Candidate, ...]
    n_rows: int

    @property
    def compares_features(self) -> bool:
        """Whether there was a choice of them."""
        return len({candidate.feature for candidate in self.candidates}) > 1

    @property
    def compares_strengths(self) -> bool:
        """Whether there was a choice of ``C``."""
        return len({candidate.C for candidate in self.candidates}) > 1

    @property
    def best(self) -> Candidate:
        """The least log loss; of equals the smaller C."""
        return min(self.candidates, key=lambda candidate: (candidate.log_loss, candidate.C))


@dataclass(slots=True)
class CrossValidation:
    """One problem, folded; folds are fitted together, and each strength starts from the last one's solutions.

    Attributes:
        problem: One fit.
        splits: Of the problem's rows.
        metric: Of its features.
        max_steps: Of the solver.
    """

    problem: Problem
    splits: Sequence[Split]
    metric: FeatureMetric
    max_steps: int
    starts: dict[int, Solution] = field(default_factory=dict)

    @property
    def judged(self) -> Array:
        """The rows that are evaluated, in the order of ``logits``."""
        return np.concatenate([split.test for split in self.splits])

    def logits(self, strength: float) -> Array:
        """Of each row, by a fit that was not trained on it. Shape: ``(len(judged), logits)``."""
        size = max(1, LOGITS_AT_ONCE // (len(self.problem.targets) * self.problem.n_logits))
        starts = range(0, len(self.splits), size)
        return np.concatenate([part for start in starts for part in self._parts(start, size, strength)])

    def _parts(self, first: int, size: int, strength: float) -> list[Array]:
        splits = self.splits[first : first + size]
        folded = self.problem.only(*(split.train for split in splits))
        start = self.starts.get(first)
        solution = solve(folded, self.metric, strength, self.max_steps, start=start, tolerance=ROUGH_TOLERANCE)
        self.starts[first] = solution
        n_logits, parts = self.problem.n_logits, []
        for fit, split in enumerate(splits):
            every = solution.logits(self.problem.features[split.test])
            parts.append(every[:, fit * n_logits : (fit + 1) * n_logits])
        return parts


def search(features: Mapping[Feature, Array], training: TrainingRows, strength: float | None) -> Search | None:
    """Try every feature, with one strength or with those that seem best for it.

    Args:
        features: Of all rows, each of shape ``(rows, width)``.
        training: The rows to learn from; a sample of them is used where they are many.
        strength: ``C``, or ``None`` to look for it.

    Returns:
        What was found; ``None`` where no label has two texts, so that nothing can be evaluated.
    """
    rows = training.rows[sample(training.targets[training.rows], SEARCH_ROWS, training.seed)]
    splits = folds(training.targets[rows], FOLDS, training.seed, texts=training.texts[rows])
    if not splits:
        return None
    tried: list[Candidate] = []
    for feature, values in features.items():
        problem = training.problem(values).copied(rows)
        folded = CrossValidation(problem, splits, FeatureMetric.from_features(problem.features), training.max_steps)
        tried += _tried(feature, folded, strength)
    return Search(tuple(tried), len(rows))


def _tried(feature: Feature, folded: CrossValidation, strength: float | None) -> list[Candidate]:
    judged = folded.judged
    targets, weights = folded.problem.targets[judged], folded.problem.weights[judged, 0]

    def judge(strength: float) -> Candidate:
        result = probabilities(folded.logits(strength))
        accuracy = float((result.argmax(axis=1) == targets).mean())
        return Candidate(feature, strength, log_loss(result, targets, weights), accuracy)

    if strength is not None:
        return [judge(strength)]
    return sorted(_walked(judge), key=lambda candidate: candidate.C)


def _walked(judge: Callable[[float], Candidate]) -> list[Candidate]:
    """The candidates on the way to the least log loss."""
    result: dict[int, Candidate] = {}

    def loss(step: int) -> float:
        if step not in result:
            result[step] = judge(float(f"{10 ** (step / 2):.3g}"))
        return result[step].log_loss

    best = FIRST
    loss(best)
    for direction in (2, -2):
        while LOWEST <= best + direction <= HIGHEST and loss(best + direction) < result[best].log_loss:
            best += direction
        if best != FIRST:
            break
    neighbours = sorted((best - 2, best + 2), key=lambda step: result[step].log_loss if step in result else math.inf)
    for step in neighbours:
        between = (best + step) // 2
        if LOWEST <= between <= HIGHEST and loss(between) < result[best].log_loss:
            break  # with one minimum, the other side holds nothing better
    return list(result.values())
