"""True labels of some of the texts: they judge what was learned without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from claxon.bundle.manifest import LabelValue
from claxon.errors import OptionError
from claxon.text.tokens import BoolArray, IntArray
from claxon_export.errors import LabelError

UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class KnownTruth:
    """What is known of each text, and whether it is held out to evaluate with.

    Attributes:
        columns: The true label's place among the labels, or ``UNKNOWN``. Shape: ``(texts,)``, int64.
        is_held_out: Texts with a truth that are kept from the training, one at least. Shape: ``(texts,)``, bool.
    """

    columns: IntArray
    is_held_out: BoolArray

    @classmethod
    def from_labels(
        cls,
        truth: Iterable[LabelValue | None] | None,
        labels: Sequence[str],
        n_texts: int,
        *,
        test_size: float,
        seed: int,
    ) -> Self:
        """The truth that a caller gives; ``None`` and empty strings are none.

        Raises:
            LabelError: a truth that is not one of the labels, not one per text, or known of no text.
            OptionError: ``test_size`` or ``seed`` is invalid.
        """
        columns = _columns(truth, labels, n_texts)
        return cls(columns, _held_out(columns, test_size, seed))

    @property
    def is_known(self) -> BoolArray:
        """Where there is a truth. Shape: ``(texts,)``, bool."""
        return np.asarray(self.columns != UNKNOWN)

    def is_free(self, texts: Sequence[str]) -> BoolArray:
        """Texts that may be trained on: not held out, nor equal to one that is. Shape: ``(texts,)``, bool."""
        held_out = {texts[row] for row in np.flatnonzero(self.is_held_out).tolist()}
        return np.array([text not in held_out for text in texts], np.bool_)


def _columns(truth: Iterable[LabelValue | None] | None, labels: Sequence[str], n_texts: int) -> IntArray:
    if truth is None:
        return np.full(n_texts, UNKNOWN)
    columns = {label: column for column, label in enumerate(labels)}
    given = ["" if label is None else str(label).strip() for label in truth]
    if len(given) != n_texts:
        raise LabelError(
            f"{n_texts} texts and {len(given)} true labels; expected one per text, None where it is unknown"
        )
    foreign = Counter(label for label in given if label and label not in columns)
    if foreign:
        label, times = foreign.most_common(1)[0]
        raise LabelError(
            f"the truth {label!r} ({times:,} texts, the first is row {given.index(label)}) is not one of the labels "
            f"{', '.join(labels)}; name the labels as the truth does"
        )
    if not any(given):
        raise LabelError(f"of {n_texts:,} texts none has a true label; label some, or leave the truth out (--label)")
    return np.array([columns[label] if label else UNKNOWN for label in given], np.int64)


def _held_out(columns: IntArray, test_size: float, seed: int) -> BoolArray:
    if not 0 < test_size < 1:
        raise OptionError(f"test_size is {test_size!r}, expected above 0 and below 1")
    if not 0 <= seed < 1 << 32:
        raise OptionError(f"seed is {seed!r}, expected 0 to {(1 << 32) - 1}")
    rows = np.flatnonzero(columns != UNKNOWN)
    is_held_out: BoolArray = np.zeros(len(columns), np.bool_)
    is_held_out[np.random.default_rng(seed).permutation(rows)[: max(1, round(len(rows) * test_size))]] = True
    return is_held_out
