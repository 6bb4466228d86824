"""The outputs of a checkpoint's classifier in a comparison: their names, by the kind of scores, and their labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from claxon.bundle.manifest import ScoreKind
from claxon.heads.answers import MULTI_LABEL_THRESHOLD

Array = np.ndarray[Any, Any]

PROBABILITIES, EACH_PROBABILITY, VALUES, NUMBER = "probabilities", "probability of each label", "decision", "number"
NAMES = {
    ScoreKind.PROBABILITY: PROBABILITIES,
    ScoreKind.MULTI_LABEL: EACH_PROBABILITY,
    ScoreKind.DECISION: VALUES,
    ScoreKind.REGRESSION: NUMBER,
}
# Of probabilities; other values are taken in units of the source's largest.
LARGEST_PROBABILITY = 1.0


def is_head_output(output: str) -> bool:
    """Whether an output is the classifier's; what is compared of it may stand behind a comma."""
    return output.partition(",")[0] in NAMES.values()


def units_of(output: str, source: Array) -> float:
    """What differences of an output are measured in. Shape of ``source``: ``(texts, labels)``."""
    if output in (PROBABILITIES, EACH_PROBABILITY):
        return LARGEST_PROBABILITY
    return max(LARGEST_PROBABILITY, float(np.abs(source).max(initial=0)))


def label_agreement(output: str, requested: Array, result: Array) -> float | None:
    """The share of texts with the same label, or labels; ``None`` where there are none. Shapes: ``(texts, labels)``."""
    kind = output.partition(",")[0]
    if kind == NUMBER:
        return None
    if kind == EACH_PROBABILITY:
        is_same = ((requested >= MULTI_LABEL_THRESHOLD) == (result >= MULTI_LABEL_THRESHOLD)).all(axis=1)
    else:
        is_same = requested.argmax(1) == result.argmax(1)
    return float(is_same.mean())


def has_another_label(output: str, requested: Array, result: Array, margin: float) -> Array:
    """Which texts have another label although the source's was clear by more than ``margin``.

    Args:
        output: Its name. A number has no label.
        requested: Scores that are right. Shape: ``(texts, labels)``.
        result: Those to be evaluated. Shape: ``(texts, labels)``.
        margin: Between the two highest; of independent probabilities between each and the threshold.

    Returns:
        Shape: ``(texts,)``, bool.
    """
    kind = output.partition(",")[0]
    if kind == NUMBER or requested.shape[1] == 0:
        return np.zeros(len(requested), bool)
    if kind == EACH_PROBABILITY:
        is_clear = np.abs(requested - MULTI_LABEL_THRESHOLD) > margin
        is_other = (requested >= MULTI_LABEL_THRESHOLD) != (result >= MULTI_LABEL_THRESHOLD)
        return np.asarray((is_clear & is_other).any(axis=1))
    ordered = np.sort(requested, axis=1)
    return np.asarray((ordered[:, -1] - ordered[:, -2] > margin) & (requested.argmax(1) != result.argmax(1)))
