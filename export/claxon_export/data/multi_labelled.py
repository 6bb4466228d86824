"""Texts with any number of labels each, or with a number each, from a table or from Python."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import LabelValue
from claxon.formats.csv_records import Quoting
from claxon.formats.tables import Reading
from claxon.labelling.columns import SEPARATOR
from claxon.text.inputs import check_texts
from claxon_export.data.labelled import (
    DEFAULT_LABEL_COLUMN,
    Skipped,
    in_words,
    opened_table,
)
from claxon_export.errors import LabelError

Array = np.ndarray[Any, Any]
Labels = tuple[LabelValue, ...]


@dataclass(frozen=True, slots=True)
class TargetTexts:
    """Texts, each with what it should get: a tuple of labels, perhaps empty, or one number.

    Attributes:
        name: What messages call the source.
        texts: As they were read; none is blank.
        targets: One a text.
        lines: Where each row stands in the source: its line from 1 in a table, its position from 0 in a list.
        sha256: Of the table's bytes; of lists, of their rows written as JSON lines.
        skipped: The rows that were left out.
        place: What ``lines`` count: ``line`` or ``row``.
    """

    name: str
    texts: tuple[str, ...]
    targets: tuple[Any, ...]
    lines: tuple[int, ...]
    sha256: str
    skipped: Skipped
    place: str

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.texts)

    def label_matrix(self, labels: Sequence[LabelValue]) -> Array:
        """Which of the labels each text has. Shape: ``(texts, labels)``, bool.

        Raises:
            LabelError: a text has another label.
        """
        places = {str(label): place for place, label in enumerate(labels)}
        matrix = np.zeros((len(self), len(labels)), bool)
        for row, held in enumerate(self.targets):
            unknown = [label for label in held if str(label) not in places]
            if unknown:
                known = ", ".join(map(repr, labels))
                where = f"{self.place} {self.lines[row]}"
                raise LabelError(f"{self.name}: {where} has the label {unknown[0]!r:.80}, expected some of {known}")
            matrix[row, [places[str(label)] for label in held]] = True
        return matrix

    @property
    def labels(self) -> Labels:
        """All labels that a text has, sorted; strings where they are of several types."""
        found = {label for held in self.targets for label in held}
        is_mixed = len({type(label) for label in found}) > 1
        return tuple(sorted(map(str, found) if is_mixed else found))


def multi_labelled(
    texts: Iterable[str], labels: Iterable[Iterable[LabelValue]], *, name: str = "the texts"
) -> TargetTexts:
    """Texts with the labels of each: lists, tuples or sets of strings, integers or booleans.

    Raises:
        InputError: something that is not a text, with its row.
        LabelError: not one list of labels a text, or a label that is none.
    """
    return _of_lists(texts, labels, name, several)


def numbered(texts: Iterable[str], numbers: Iterable[float], *, name: str = "the texts") -> TargetTexts:
    """Texts with a number each.

    Raises:
        InputError: something that is not a text, with its row.
        LabelError: not one number a text, or one that is not finite.
    """
    return _of_lists(texts, numbers, name, number)


def read_targets(
    source: str,
    parsed: Callable[[Any], Any],
    *,
    text_column: str | None = None,
    label_column: str = DEFAULT_LABEL_COLUMN,
    file_format: str | None = None,
    skip_unlabelled: bool = False,
    encoding: str | None = None,
    quoting: str = Quoting.AUTO,
) -> TargetTexts:
    """The texts of a table and what each should get; ``parsed`` is ``several`` or ``number``, the rest as in
    ``read_labelled``.

    An empty cell of several labels is a text without one; JSON's null is a row without labels.

    Raises:
        As ``read_labelled``.
    """  # fmt: skip
    name = "standard input" if source == "-" else source
    reading = Reading.from_options(file_format=file_format, text_column=text_column, encoding=encoding, quoting=quoting)
    with opened_table(source, reading, label_column) as table:
        rows = [(row.line, row.text, row.values.get(label_column)) for row in table.records]
    return _checked(rows, parsed, name, "line", table.sha256, skip_unlabelled=skip_unlabelled)


def several(value: Any) -> Labels | None:
    """A cell or a list as labels, each once; ``None`` where there is none.

    Raises:
        ValueError: it is neither.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return tuple(dict.fromkeys(label.strip() for label in value.split(SEPARATOR) if label.strip()))
    if not isinstance(value, list | tuple | set | frozenset | np.ndarray):
        raise ValueError(f"expected a list of labels, or labels joined by {SEPARATOR}")
    labels = [label.item() if isinstance(label, np.generic) else label for label in value]
    if not all(type(label) in (str, int, bool) for label in labels):
        raise ValueError("expected a list of str, int or bool")
    return tuple(dict.fromkeys(labels))


def number(value: Any) -> float | None:
    """A cell or a number as a number; ``None`` where there is none.

    Raises:
        ValueError: it is no finite number.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise ValueError("expected a finite number")
    return found


def _of_lists(texts: Iterable[str], targets: Iterable[Any], name: str, parsed: Callable[[Any], Any]) -> TargetTexts:
    given = targets.to_pylist() if hasattr(targets, "to_pylist") else list(targets)
    rows = check_texts(texts)
    if len(rows) != len(given):
        raise LabelError(f"{len(rows)} texts and {len(given)} labels; expected one for each text")
    digest = hashlib.sha256()
    for text, target in zip(rows, given, strict=True):
        digest.update(json.dumps({"text": text, "label": target}, default=_plain).encode() + b"\n")
    numbered_rows = [(row, text, target) for row, (text, target) in enumerate(zip(rows, given, strict=True))]
    return _checked(numbered_rows, parsed, name, "row", digest.hexdigest(), skip_unlabelled=False)


def _plain(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, set | frozenset) else value.tolist()


def _checked(
    rows: Sequence[tuple[int, str, Any]],
    parsed: Callable[[Any], Any],
    name: str,
    place: str,
    sha256: str,
    *,
    skip_unlabelled: bool,
) -> TargetTexts:
    blank = tuple(line for line, text, _ in rows if not text.strip())
    kept: list[tuple[int, str, Any]] = []
    unlabelled: list[int] = []
    for line, text, value in rows:
        if not text.strip():
            continue
        try:
            target = parsed(value)
        except ValueError as error:
            raise LabelError(f"{name}: {place} {line} has {value!r:.80}, {error}") from None
        if target is None:
            unlabelled.append(line)
        else:
            kept.append((line, text, target))
    if unlabelled and not skip_unlabelled:
        verb = "has" if len(unlabelled) == 1 else "have"
        where = in_words(place, unlabelled)
        raise LabelError(f"{name}: {where} {verb} no label; label what is there, or leave it out (--skip-unlabelled)")
    if not kept:
        raise LabelError(f"{name}: there is no row with a text and a label")
    lines, texts, targets = zip(*kept, strict=True)
    return TargetTexts(name, texts, targets, lines, sha256, Skipped(blank, tuple(unlabelled)), place)
