"""Training rows and held-out rows: split, folded and sampled by label, by a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon_export.errors import TrainingError
from claxon_export.requirements import required

Array = np.ndarray[Any, Any]

# Held-out texts that may be among the training texts before it is said.
NOTED_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to learn from, and rows held out. Shapes: ``(n_train,)``, ``(n_test,)``, int64."""

    train: Array
    test: Array


def held_out_split(targets: Array, test_size: float, seed: int) -> Split:
    """A share of the rows held out; one row of each label is always trained on.

    Labels keep their shares, but where a label has one row, or rows are too few for it: there rows are drawn at random.

    Args:
        targets: Columns of the labels, each there once at least. Shape: ``(rows,)``.
        test_size: The share, 0 for none.
        seed: Of the draw.

    Raises:
        TrainingError: too few rows.
        MissingDependencyError: scikit-learn is not installed.
    """
    rows, counts = np.arange(len(targets)), np.bincount(targets)
    if test_size == 0:
        return Split(rows, rows[:0])
    n_test = round(len(rows) * test_size)
    if n_test < 1 or n_test > len(rows) - len(counts):
        raise TrainingError(
            f"{len(rows)} texts of {len(counts)} labels are too few to hold out {test_size:.0%}; give --test-size 0"
        )
    repeated = rows[counts[targets] > 1]
    n_labels = int((counts > 1).sum())
    if n_test >= n_labels <= len(repeated) - n_test:
        selection = required("sklearn.model_selection")
        test = selection.train_test_split(repeated, test_size=n_test, random_state=seed, stratify=targets[repeated])[1]
        if len(np.unique(np.delete(targets, test))) == len(counts):
            return Split(np.delete(rows, test), test)
    return _one_of_each_kept(targets, n_test, seed)


def _one_of_each_kept(targets: Array, n_test: int, seed: int) -> Split:
    shuffled = np.random.default_rng(seed).permutation(len(targets))
    kept = shuffled[np.unique(targets[shuffled], return_index=True)[1]]
    free = shuffled[~np.isin(shuffled, kept)]
    return Split(np.concatenate([kept, free[n_test:]]), free[:n_test])


def repeated_notice(texts: Sequence[str], split: Split) -> str | None:
    """A sentence for the user where more than one in a hundred held-out texts was trained on as well."""
    learnt = {texts[row] for row in split.train}
    both = sum(texts[row] in learnt for row in split.test)
    if both <= len(split.test) * NOTED_SHARE:
        return None
    return (
        f"{both:,} of {len(split.test):,} held-out texts are also training texts, which makes the scores too good; "
        "remove repeated texts"
    )


def ranks(targets: Array, seed: int) -> Array:
    """Each row's place in a random order of the rows of its label, from 0. Shape: ``(rows,)``."""
    shuffled = np.random.default_rng(seed).permutation(len(targets))
    by_label = shuffled[np.argsort(targets[shuffled], kind="stable")]
    counts = np.bincount(targets)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    places = np.empty(len(targets), np.int64)
    places[by_label] = np.arange(len(targets)) - starts
    return places


def folds(targets: Array, n_folds: int, seed: int, *, texts: Array) -> list[Split]:
    """Splits that judge a row once at most, by rows of other texts; every label is trained on in each of them.

    A row goes with the first one of its text; these are shared out evenly, label by label. Texts of a label that would
    all be evaluated at once are always trained on instead, and never evaluated: the only text of a label, for one.

    Args:
        targets: Columns of the labels. Shape: ``(rows,)``.
        n_folds: So many splits at most: fewer where texts are too few, none where each label has one.
        seed: Of the draw.
        texts: Numbers of the texts, the same for equal ones. Shape: ``(rows,)``.
    """
    rows = np.arange(len(targets))
    _, firsts, numbers = np.unique(texts, return_index=True, return_inverse=True)
    first = firsts[numbers]
    is_first = first == rows
    places = np.empty(len(targets), np.int64)
    places[is_first] = (ranks(targets[is_first], seed) + targets[is_first]) % n_folds
    places = places[first]
    places[np.isin(texts, texts[_is_judged_at_once(targets, places, n_folds)])] = -1
    result = [Split(rows[places != fold], rows[places == fold]) for fold in range(n_folds)]
    return [split for split in result if len(split.test)]


def _is_judged_at_once(targets: Array, places: Array, n_folds: int) -> Array:
    """Of which rows all that have the same label are in one fold. Shape: ``(rows,)``, bool."""
    n_labels = int(targets.max()) + 1
    lowest, highest = np.full(n_labels, n_folds), np.full(n_labels, -1)
    np.minimum.at(lowest, targets, places)
    np.maximum.at(highest, targets, places)
    return np.asarray((lowest == highest)[targets])


def sample(targets: Array, n_rows: int, seed: int) -> Array:
    """So many rows at random, labels in about their shares; all rows if there are no more.

    One row of each label comes before the second of any: labels are left out only if they are more than ``n_rows``.
    """
    if len(targets) <= n_rows:
        return np.arange(len(targets))
    order = np.argsort(ranks(targets, seed) / np.bincount(targets)[targets], kind="stable")
    return np.sort(order[:n_rows])


def draw(targets: Array, per_label: int, seed: int) -> Array:
    """So many rows of each label at random, or all that a label has."""
    return np.flatnonzero(ranks(targets, seed) < per_label)
