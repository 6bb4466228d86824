"""Which texts similarity is sure enough of to train on. Pure numpy.

Within the texts nearest to a label, those with the largest margins (best score minus second best) are taken: a share of
them, and no more than the label's equal part of that share of all texts, so that a label which is named too often
does not swamp the others. Of equal texts the first counts; blank ones are never taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from claxon.encoder.features import FloatMatrix
from claxon.errors import OptionError
from claxon.heads.decision import ANY_LABEL, Abstention, margins
from claxon.support.validation import count
from claxon.text.tokens import BoolArray, IntArray

# Of 0.1, 0.3 and 0.5 the best head, by 1 to 3 points, for two and five steps of Amazon reviews by MPNet and MiniLM.
# Fewer texts have more accurate labels (two steps, MPNet: 0.94 instead of 0.92), but show less of the class boundary.
DEFAULT_SHARE = 0.5
# On the same data the best of 0.1, 1, 10 and 100, tied with 100.
DEFAULT_C = 10.0


@dataclass(frozen=True, slots=True)
class SelectionRule:
    """How many texts per label gets, and which are out of the question.

    Attributes:
        share: Of the texts nearest to a label, above 0, at most 1.
        per_label: So many texts per label at most, instead of a share.
        abstention: Texts below its threshold or margin are never taken.

    Raises:
        OptionError: a number is out of range.
    """

    share: float = DEFAULT_SHARE
    per_label: int | None = None
    abstention: Abstention = ANY_LABEL

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise OptionError(f"share is {self.share!r}, expected above 0 and at most 1")
        count("per_label", self.per_label, none_means="a share of the texts")

    def quota(self, n_nearest: int, n_texts: int, n_labels: int) -> int:
        """Texts that a label may have, where it is the nearest of ``n_nearest``."""
        if self.per_label is not None:
            return self.per_label
        equal_part = max(1, math.floor(self.share * n_texts / n_labels))
        return min(math.ceil(self.share * n_nearest), equal_part)


@dataclass(frozen=True, slots=True)
class Selection:
    """What similarity says of every text, and the texts that are taken.

    Attributes:
        nearest: The column of the best score of each text. Shape: ``(texts,)``, int64.
        margins: Best score minus second best. Shape: ``(texts,)``, float64.
        rows: The texts taken, in their order. Shape: ``(taken,)``, int64.
    """

    nearest: IntArray
    margins: np.ndarray[tuple[int], np.dtype[np.float64]]
    rows: IntArray

    def rows_of(self, label: int) -> IntArray:
        """The texts taken for a label, surest first."""
        rows = self.rows[self.nearest[self.rows] == label]
        return np.asarray(rows[np.argsort(-self.margins[rows], kind="stable")])


def select(scores: FloatMatrix, texts: Sequence[str], rule: SelectionRule, may_be_taken: BoolArray) -> Selection:
    """Take the surest texts of each label.

    Args:
        scores: Shape: ``(texts, labels)``, float32.
        texts: One a row of the scores.
        rule: How many.
        may_be_taken: The others are for judging. Shape: ``(texts,)``, bool.
    """
    nearest, lead = scores.argmax(axis=1), margins(scores)
    is_sure = rule.abstention.passing(scores)[np.arange(len(nearest)), nearest]
    is_candidate = may_be_taken & _is_first(texts)
    taken = []
    for label in range(scores.shape[1]):
        of_label = np.flatnonzero((nearest == label) & is_candidate)
        quota = rule.quota(len(of_label), int(is_candidate.sum()), scores.shape[1])
        sure = of_label[is_sure[of_label]]
        taken.append(sure[np.argsort(-lead[sure], kind="stable")][:quota])
    return Selection(nearest, lead, np.sort(np.concatenate(taken)))


def _is_first(texts: Sequence[str]) -> BoolArray:
    """Which texts are not blank, and did not come before."""
    first = {text: row for row, text in reversed(list(enumerate(texts))) if text.strip()}
    is_first: BoolArray = np.zeros(len(texts), np.bool_)
    is_first[list(first.values())] = True
    return is_first
