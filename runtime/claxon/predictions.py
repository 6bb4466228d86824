"""What a classifier finds out about texts, and the forms that an app or a notebook takes it in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Self

import numpy as np

from claxon.bundle.manifest import LabelValue, ScoreKind
from claxon.encoder.features import Features, FloatMatrix
from claxon.errors import MissingDependencyError
from claxon.heads.answers import answered
from claxon.heads.decision import Abstention, Label, shortest
from claxon.heads.heads import Head
from claxon.text.inputs import FailedRow
from claxon.text.tokens import BoolArray, IntArray

DataFrame = Any  # of pandas, which only those need who ask for one
LABEL, SCORE, TEXT, RANK = "label", "score", "text", "rank"


@dataclass(frozen=True, slots=True)
class Predictions:
    """All that one call found out, in the texts' order.

    Attributes:
        labels: The winning label of each text, ``None`` where threshold or margin is not met; tuples of labels of a
            ``multi_label`` head, numbers of a ``regression``. Shape:
            ``(texts,)``; dtype as ``Classifier.predict`` says.
        scores: What the labels were chosen by. Shape: ``(texts, labels)``, float32.
        n_tokens: Tokens of each text before the cut; of a text of more than 16,384 characters at least so many.
            Shape: ``(texts,)``, int64.
        truncated: Which texts were cut. Shape: ``(texts,)``, bool.
        cosines: Of a similarity head, whatever its temperature; else ``None``. Shape: ``(texts, labels)``, float32.
        errors: With ``errors="record"`` the rows that are no texts, and why: their labels are ``None``, their scores
            and cosines NaN.
        classes: The head's labels, in the order of the scores' columns.
        score_kind: What the scores are.
    """

    labels: np.ndarray[tuple[int], Any]
    scores: FloatMatrix
    n_tokens: IntArray
    truncated: BoolArray
    cosines: FloatMatrix | None = None
    errors: tuple[FailedRow, ...] = ()
    classes: tuple[LabelValue, ...] = ()
    score_kind: ScoreKind = ScoreKind.PROBABILITY

    def to_dict(self, *, all_scores: bool = False) -> dict[str, list[Any]]:
        """Columns of plain values, each with one a text: what ``json.dumps`` and a table take.

        Args:
            all_scores: The score of every label as well, ``score_LABEL`` each.

        Returns:
            ``label``; ``score``, the best; ``n_tokens``; ``truncated``; and ``error`` where a row failed. What is
            missing is ``None``. Of a ``multi_label`` head ``label`` and ``score`` are lists, of the labels that hold; a
            ``regression`` has no ``label``, and its number is the ``score``.
        """
        columns = self._labels_and_scores()
        if all_scores:
            for place, label in enumerate(self.classes):
                columns[f"{SCORE}_{label}"] = [_plain(score) for score in self.scores[:, place]]
        columns |= {"n_tokens": self.n_tokens.tolist(), "truncated": self.truncated.tolist()}
        if self.errors:
            problems = {failure.row: failure.message for failure in self.errors}
            columns["error"] = [problems.get(row) for row in range(len(self.labels))]
        return columns

    def to_records(self, *, all_scores: bool = False) -> list[dict[str, Any]]:
        """One dictionary a text, with the keys of ``to_dict``."""
        columns = self.to_dict(all_scores=all_scores)
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def to_pandas(self, *, all_scores: bool = False) -> DataFrame:
        """A data frame of the columns of ``to_dict``, a row for each text.

        Raises:
            MissingDependencyError: pandas is not installed.
        """
        return _data_frame(self.to_dict(all_scores=all_scores))

    def __repr__(self) -> str:
        """How much of what, in one line."""
        failed = f", {len(self.errors):,} failed" if self.errors else ""
        return f"Predictions({len(self.labels):,} texts, {len(self.classes)} labels, {self.score_kind}{failed})"

    def _labels_and_scores(self) -> dict[str, list[Any]]:
        if self.score_kind is ScoreKind.REGRESSION:
            return {SCORE: [_plain(score) for score in self.scores[:, 0]]}
        labels = self.labels.tolist()
        if self.score_kind is not ScoreKind.MULTI_LABEL:
            return {LABEL: labels, SCORE: [_plain(score) for score in self.scores.max(axis=1)]}
        places = {label: place for place, label in enumerate(self.classes)}
        scores = [
            None if held is None else [_plain(row[places[label]]) for label in held]
            for held, row in zip(labels, self.scores, strict=True)
        ]
        return {LABEL: [None if held is None else list(held) for held in labels], SCORE: scores}


class LabelList(list[Label]):
    """Labels of one text with their scores, best first."""

    def to_dict(self) -> dict[LabelValue, float]:
        """Label to score."""
        return {label: shortest(score) for label, score in self}

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary a label: ``label`` and ``score``."""
        return [{LABEL: label, SCORE: shortest(score)} for label, score in self]

    def to_pandas(self) -> DataFrame:
        """A data frame with the columns ``label`` and ``score``.

        Raises:
            MissingDependencyError: pandas is not installed.
        """
        return _data_frame({LABEL: [one.label for one in self], SCORE: [shortest(one.score) for one in self]})


class Rankings(list[LabelList]):
    """What ``Classifier.classify`` gives: the labels of each text."""

    @classmethod
    def of(cls, rows: Iterable[Iterable[Label]]) -> Self:
        """The labels of each text, in the texts' order."""
        return cls(LabelList(row) for row in rows)

    def to_dict(self) -> dict[str, list[Any]]:
        """Columns of plain values, a row for each label.

        Returns:
            ``text``, its place in the input; ``rank`` from 1; ``label``; ``score``.
        """
        records = self.to_records()
        return {key: [record[key] for record in records] for key in (TEXT, RANK, LABEL, SCORE)}

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary a label, with the keys of ``to_dict``; a text without labels has none."""
        return [
            {TEXT: text, RANK: rank, LABEL: label, SCORE: shortest(score)}
            for text, row in enumerate(self)
            for rank, (label, score) in enumerate(row, 1)
        ]

    def to_pandas(self) -> DataFrame:
        """A data frame of the columns of ``to_dict``, a row for each label of each text.

        Raises:
            MissingDependencyError: pandas is not installed.
        """
        return _data_frame(self.to_dict())


class ZeroShotRankings(Rankings):
    """What ``Classifier.zero_shot`` gives: the labels of each text, and the scores as a matrix.

    Attributes:
        scores: In the order of ``labels``. Shape: ``(texts, labels)``, float32.
        labels: The candidates, in the order in which they were given.
        truncated: Which texts were cut. Shape: ``(texts,)``, bool.
    """

    scores: FloatMatrix
    labels: tuple[str, ...]
    truncated: BoolArray

    @classmethod
    def from_scores(
        cls, rows: Iterable[Iterable[Label]], scores: FloatMatrix, labels: tuple[str, ...], truncated: BoolArray
    ) -> Self:
        """The labels of each text, in the texts' order, and what they were ranked by."""
        rankings = cls.of(rows)
        rankings.scores, rankings.labels, rankings.truncated = scores, labels, truncated
        return rankings


def predictions_of(head: Head, features: Features, limits: Abstention, *, may_fail: bool) -> Predictions:
    """What a head finds out.

    Args:
        head: It.
        features: Of the texts, its own among them.
        limits: When a label holds.
        may_fail: Whether rows may have failed: labels are objects then, whether or not one did.
    """
    answers = answered(head, head(features.values[head.feature]), limits)
    whole = Predictions(
        labels=answers.labels,
        scores=answers.scores,
        n_tokens=features.n_tokens,
        truncated=features.truncated,
        cosines=answers.cosines,
        classes=head.labels,
        score_kind=head.score_kind,
    )
    return without_failed(whole, features.failed) if may_fail else whole


def without_failed(predictions: Predictions, failed: Sequence[FailedRow]) -> Predictions:
    """The predictions with no label and no scores in the rows that failed.

    Labels are objects, failed row or not; numbers of a regression stay float32, NaN in the rows that failed.
    """
    rows = [failure.row for failure in failed]
    is_number = predictions.score_kind is ScoreKind.REGRESSION
    labels, scores = predictions.labels.astype(np.float32 if is_number else object), predictions.scores.copy()
    labels[rows], scores[rows] = np.nan if is_number else None, np.nan
    cosines = predictions.cosines
    if cosines is not None:
        cosines = cosines.copy()
        cosines[rows] = np.nan
    return replace(predictions, labels=labels, scores=scores, cosines=cosines, errors=tuple(failed))


def _plain(score: np.float32) -> float | None:
    """The score in the fewest digits that are this float32; ``None`` for NaN, which JSON has not."""
    return shortest(score) if np.isfinite(score) else None


def _data_frame(columns: dict[str, list[Any]]) -> DataFrame:
    try:
        pandas = import_module("pandas")
    except ImportError as error:
        raise MissingDependencyError(
            "to_pandas needs pandas, which is not installed: pip install pandas, or use to_dict"
        ) from error
    frame: DataFrame = pandas.DataFrame(columns)
    return frame
