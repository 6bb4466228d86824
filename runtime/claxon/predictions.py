"""What a classifier finds out about texts, and what it can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.encoder import RunOptions
from claxon.features import FloatMatrix
from claxon.tokens import BoolArray, IntArray


class PredictOptions(RunOptions, total=False):
    """``threshold`` and ``margin`` as for ``Classifier.predict``, and what every run of the encoder takes."""

    threshold: float | None
    margin: float | None


@dataclass(frozen=True, slots=True)
class Predictions:
    """All that one call found out, in the texts' order.

    Attributes:
        labels: The winning label of each text, ``None`` where threshold or margin is not met. Shape: ``(texts,)``.
        scores: What the winners were chosen by. Shape: ``(texts, labels)``, float32.
        n_tokens: Tokens of each text before the cut. Shape: ``(texts,)``, int64.
        truncated: Which texts were cut. Shape: ``(texts,)``, bool.
        cosines: Of a similarity head, whatever its temperature; else ``None``. Shape: ``(texts, labels)``, float32.
    """

    labels: np.ndarray[tuple[int], Any]
    scores: FloatMatrix
    n_tokens: IntArray
    truncated: BoolArray
    cosines: FloatMatrix | None = None
