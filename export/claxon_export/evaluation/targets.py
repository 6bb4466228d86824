"""Labels as the data has them -> columns of a head's scores.

A label is a head's if type and value are equal, or else if both are written the same: a CSV file's ``"1"`` is the
integer 1, its ``"True"`` the boolean. Nothing is guessed beyond that: ``label_map`` says what differs.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import LabelValue
from claxon.errors import OptionError
from claxon_export.metrics.results import spelled

Array = np.ndarray[Any, Any]

UNKNOWN = -1
LABELS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Targets:
    """The truth in a head's own columns.

    Attributes:
        columns: Shape: ``(texts,)``, int64; ``UNKNOWN`` where the head does not know the label.
        unknown: Labels that the head does not know, as written, with their counts; the most common first.
        absent: Labels of the head that no text has.
    """

    columns: Array
    unknown: Mapping[str, int]
    absent: tuple[LabelValue, ...]

    @property
    def is_known(self) -> Array:
        """Shape: ``(texts,)``, bool."""
        return np.asarray(self.columns != UNKNOWN)


def targets_of(labels: Sequence[LabelValue], head_labels: Sequence[LabelValue]) -> Targets:
    """Find each label among the head's."""
    exact = {(type(label), label): column for column, label in enumerate(head_labels)}
    written = _written(head_labels)
    is_boolean = all(isinstance(label, bool) for label in head_labels)
    places = {
        key: exact.get(key, written.get(_comparable(key[1], is_boolean=is_boolean), UNKNOWN))
        for key in {(type(label), label) for label in labels}
    }
    columns = np.array([places[type(label), label] for label in labels], np.int64)
    unknown = Counter(
        spelled(label) for label, column in zip(labels, columns.tolist(), strict=True) if column == UNKNOWN
    )
    absent = tuple(head_labels[column] for column in sorted(set(range(len(head_labels))) - set(columns.tolist())))
    return Targets(columns, dict(unknown.most_common()), absent)


def mapped_labels(labels: Sequence[LabelValue], label_map: Mapping[str, str]) -> list[LabelValue]:
    """Labels under their new names.

    Args:
        labels: As the data has them.
        label_map: From a label as written to what it is to be called.

    Raises:
        OptionError: the data has no such label; the message lists those that it has.
    """
    result = Counter(spelled(label) for label in labels)
    missing = [old for old in label_map if old not in result]
    if missing:
        raise OptionError(f"the data has no label {missing[0]!r} to be mapped, but {listed(result)}")
    return [label_map.get(spelled(label), label) for label in labels]


def parsed_map(words: Iterable[str]) -> dict[str, str]:
    """``OLD=NEW`` words as a mapping.

    Raises:
        OptionError: one has no ``=``, nothing before or after it, or an ``OLD`` that stands twice.
    """
    label_map: dict[str, str] = {}
    for word in words:
        old, sign, new = word.partition("=")
        if not (old and sign and new):
            raise OptionError(f"--map {word!r}: expected OLD=NEW, such as 1=positive")
        if old in label_map:
            raise OptionError(f"--map names {old!r} twice: {label_map[old]!r} and {new!r}")
        label_map[old] = new
    return label_map


def unknown_labels_message(name: str, targets: Targets, head_labels: Sequence[LabelValue]) -> str:
    """Which labels the head does not know, which it knows, and what to do."""
    texts = sum(targets.unknown.values())
    return (
        f"head {name!r} does not know {listed(targets.unknown)} ({texts:,} of {len(targets.columns):,} texts); "
        f"it knows {listed(map(spelled, head_labels))}; {_advice(targets.unknown, head_labels)}, "
        "or leave such texts out with --leave-out-unknown (leave_out_unknown=True)"
    )


def listed(labels: Iterable[str]) -> str:
    """Labels in quotes with commas between, the first dozen of many."""
    words = [repr(label) for label in labels]
    more = [f"and {len(words) - LABELS_SHOWN:,} more"] if len(words) > LABELS_SHOWN else []
    return ", ".join([*words[:LABELS_SHOWN], *more])


def _written(head_labels: Sequence[LabelValue]) -> dict[str, int]:
    """Columns by how the label is written; none where two labels are written the same."""
    words = [_comparable(label) for label in head_labels]
    return {word: column for column, word in enumerate(words) if words.count(word) == 1}


def _comparable(label: LabelValue, *, is_boolean: bool = False) -> str:
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    word = spelled(label).strip()
    return word.lower() if is_boolean else word


def _advice(unknown: Mapping[str, int], head_labels: Sequence[LabelValue]) -> str:
    """A mapping to copy, where labels differ in capitals or decimals only; else the form of one."""
    alike = {_loose(spelled(label)): spelled(label) for label in head_labels}
    pairs = [_map_option(old, alike[_loose(old)]) for old in unknown if _loose(old) in alike]
    if pairs:
        return f"give {' '.join(pairs[:LABELS_SHOWN])}"
    return f"say what is what, as in {_map_option(next(iter(unknown)), spelled(head_labels[0]))} (label_map=)"


def _map_option(old: str, new: str) -> str:
    """As a shell reads it."""
    return f"--map {shlex.quote(f'{old}={new}')}"


def _loose(word: str) -> str:
    try:
        return f"{float(word):g}"
    except ValueError:
        return "".join(word.casefold().split())
