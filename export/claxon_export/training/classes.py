"""The labels of labeled texts, and what is odd about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import LabelValue
from claxon_export.data.labelled import LabelledTexts
from claxon_export.errors import TrainingError

Array = np.ndarray[Any, Any]

NAMED_LABELS = 5


@dataclass(frozen=True, slots=True)
class Classes:
    """The different labels in order, which of them each text has, and notices for the user.

    Attributes:
        labels: Sorted.
        targets: The place of each text's label in ``labels``. Shape: ``(texts,)``, int64.
        notices: Whole sentences.
    """

    labels: tuple[LabelValue, ...]
    targets: Array
    notices: tuple[str, ...]

    @classmethod
    def from_labelled(cls, labelled: LabelledTexts) -> Classes:
        """The classes of labeled texts.

        Raises:
            TrainingError: there are fewer than two.
        """
        labels: tuple[LabelValue, ...] = tuple(sorted(set(labelled.labels)))
        if len(labels) < 2:
            raise TrainingError(
                f"{labelled.name}: found {len(labels)} label ({labels[0]!r}) in {len(labelled)} texts, expected two or "
                "more; is this the right column?"
            )
        places = {label: place for place, label in enumerate(labels)}
        targets = np.fromiter((places[label] for label in labelled.labels), np.int64, len(labelled))
        notices = (*_seen_once(labelled, labels, targets), *_nearly_equal(labels))
        return cls(labels, targets, notices)

    @property
    def counts(self) -> dict[LabelValue, int]:
        """Texts of each label, in the labels' order."""
        return dict(zip(self.labels, np.bincount(self.targets).tolist(), strict=True))


def _seen_once(labelled: LabelledTexts, labels: tuple[LabelValue, ...], targets: Array) -> Iterator[str]:
    counts = np.bincount(targets)
    single = [(labels[target], labelled.lines[row]) for row, target in enumerate(targets) if counts[target] == 1]
    if single:
        named = ", ".join(f"{label!r} ({labelled.place} {line})" for label, line in single[:NAMED_LABELS])
        more = f" and {len(single) - NAMED_LABELS:,} more" if len(single) > NAMED_LABELS else ""
        yield (
            f"{labelled.name}: only seen once: {named}{more}; used for training only. Add more texts with that "
            "label, or correct it"
        )


def _nearly_equal(labels: tuple[LabelValue, ...]) -> Iterator[str]:
    alike = defaultdict(list)
    for label in labels:
        if isinstance(label, str):
            alike[" ".join(label.casefold().split())].append(label)
    pairs = [" and ".join(map(repr, group)) for group in alike.values() if len(group) > 1]
    if pairs:
        named = "; ".join(pairs[:NAMED_LABELS])
        yield f"labels that differ only by case or white space are treated as different: {named}"
