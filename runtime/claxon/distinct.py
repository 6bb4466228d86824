"""Texts that are there several times -> each of them once, and the way back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.tokens import IntArray


@dataclass(frozen=True, slots=True)
class Distinct:
    """Every text once, in the order of its first row.

    Attributes:
        texts: The different ones.
        rows: Where each row's text stands in ``texts``, ``None`` if all rows differ. Shape: ``(rows,)``, int64.
    """

    texts: list[str]
    rows: IntArray | None

    @classmethod
    def of(cls, texts: list[str]) -> Distinct:
        """Find the texts that are there several times."""
        places: dict[str, int] = {}
        rows = np.fromiter((places.setdefault(text, len(places)) for text in texts), np.int64, len(texts))
        if len(places) == len(texts):
            return cls(texts, None)
        return cls(list(places), rows)

    def to_rows(self, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Values of the different texts -> values of all rows. Shapes: ``(texts, …)`` to ``(rows, …)``."""
        return values if self.rows is None else np.asarray(values[self.rows])
