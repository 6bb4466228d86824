"""A window of rows between reading, labelling and writing: texts, the columns to keep, and the rows that are bad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from claxon.formats.arrow import arrow
from claxon.text.inputs import FailedRow

# Rows that are held at a time, as many as the lazy calls of an encoder hold, and characters of their texts.
WINDOW_ROWS = 2048
WINDOW_CHARACTERS = 8 << 20


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be labelled: its place in the file from 0, its line from 1 in a text file, and why."""

    row: int
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Window:
    """Some rows in order.

    Attributes:
        rows: Where each row of ``texts`` stands in its file.
        lines: On which line each begins; ``None`` of a file without lines.
        texts: Their texts.
        kept: Their columns, an Arrow record batch with a row for each text.
        rejects: The rows between them that have no text.
    """

    rows: list[int]
    lines: list[int] | None
    texts: list[str]
    kept: Any
    rejects: tuple[Reject, ...] = ()

    def without(self, failed: Sequence[FailedRow]) -> Window:
        """The window with rows that failed, by their place in ``texts``, among the rejects."""
        if not failed:
            return self
        reasons = {failure.row: failure.message for failure in failed}
        rejects = [Reject(self.rows[place], self._line(place), reason) for place, reason in reasons.items()]
        left = [place for place in range(len(self.texts)) if place not in reasons]
        return Window(
            [self.rows[place] for place in left],
            None if self.lines is None else [self.lines[place] for place in left],
            [self.texts[place] for place in left],
            self.kept.take(arrow().array(left, arrow().int64())),
            tuple(sorted((*self.rejects, *rejects), key=lambda reject: reject.row)),
        )

    def _line(self, place: int) -> int | None:
        return None if self.lines is None else self.lines[place]
