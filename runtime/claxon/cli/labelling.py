"""Labels a stream of rows, for ``predict``, ``similar`` and ``zero-shot``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.classifier import Classifier
from claxon.cli.arguments import finite_float, positive_int_or_all, row_format
from claxon.cli.matrix import MatrixWriter, NoMatrix
from claxon.cli.streaming import EmptyTexts, Failures, notice_rows, notice_truncation, open_input, stream_rows
from claxon.formats.tables import Format, Records, Row
from claxon.formats.writers import check_output, open_output, row_writer
from claxon.heads.answers import limits_of, thresholds_of
from claxon.heads.decision import Abstention
from claxon.labelling.columns import HeadColumns, answer_columns, head_names
from claxon.predictions import Predictions
from claxon.text.inputs import OnEmpty, OnError, ReadTexts


def add_decision(parser: argparse.ArgumentParser) -> None:
    """Add threshold, margin and top-k."""
    group = parser.add_argument_group("decision")
    group.add_argument(
        "--threshold", metavar="T", type=finite_float, help="leave the label empty if its score is below T"
    )
    group.add_argument(
        "--margin",
        metavar="M",
        type=finite_float,
        help="leave the label empty if the best score leads the second best by less than M",
    )
    group.add_argument(
        "--top-k",
        metavar="K|all",
        type=positive_int_or_all,
        default=1,
        help="the K best labels, best first (default: 1)",
    )
    group.add_argument("--all-scores", action="store_true", help="also write the score of every label")


@dataclass(frozen=True, slots=True)
class RowLabeller:
    """Labels rows and creates the added columns.

    Attributes:
        columns: Those of each head that answers, by the head's name.
        all_heads: Whether all of them answer, or the classifier's chosen one.
        truncated: The name of the column that says which texts were cut.
        error: The name of the column that says why a row has no label; ``None`` where such a row ends the work.
        failures: Those rows.
        empty: The rows whose text is empty or blank, and what is done with them.
    """

    classifier: Classifier
    columns: Mapping[str, HeadColumns]
    all_heads: bool
    truncated: str
    error: str | None
    failures: Failures
    empty: EmptyTexts
    abstention: Abstention
    batch_size: int | None

    @classmethod
    def from_options(cls, classifier: Classifier, options: argparse.Namespace, *, all_heads: bool) -> RowLabeller:
        """By the classifier's chosen head; or by all of its heads, their names in those of the columns.

        Raises:
            OptionError: the margin is below 0.
        """
        heads = list(classifier.heads) if all_heads else [str(classifier.head_name)]
        columns = {
            name: HeadColumns.from_labels(
                classifier.heads[name].labels,
                names,
                top_k=options.top_k,
                all_scores=options.all_scores,
                kind=classifier.heads[name].score_kind,
            )
            for name, names in head_names(heads, options.prefix).items()
        }
        truncated = f"{options.prefix}truncated"
        abstention = Abstention.of(options.threshold, options.margin).over(classifier.abstention)
        for name, head in classifier.heads.items():
            if name in columns:
                limits_of(name, head.score_kind, thresholds_of(head), abstention)
        error = f"{options.prefix}error" if options.errors == OnError.RECORD else None
        empty = EmptyTexts(OnEmpty(options.empty))
        return cls(classifier, columns, all_heads, truncated, error, Failures(), empty, abstention, options.batch_size)

    def added(self, file_format: Format) -> list[str]:
        """Return the names of the added columns; JSON has ``truncated`` only if a text was truncated."""
        is_nested = file_format is Format.JSONL
        for columns in () if is_nested else self.columns.values():
            columns.check_flat()
        names = [name for columns in self.columns.values() for name in columns.names(is_nested=is_nested)]
        return [*names, self.truncated, *([] if self.error is None else [self.error])]

    def predictions(self, texts: ReadTexts) -> dict[str, Predictions]:
        """What each head that answers finds, by its name."""
        call = self.classifier.predictions_all if self.all_heads else self.classifier.predictions
        errors = OnError.RAISE if self.error is None else OnError.RECORD
        results = call(texts, batch_size=self.batch_size, on_truncation="ignore", errors=errors)
        return results if isinstance(results, dict) else {next(iter(self.columns)): results}

    def cells(self, window: list[Row], results: Mapping[str, Predictions], file_format: Format) -> list[dict[str, Any]]:
        """Return the added columns of each row."""
        rows: list[dict[str, Any]] = [{} for _ in window]
        for name, predictions in results.items():
            columns = self.columns[name]
            thresholds = thresholds_of(self.classifier.heads[name])
            limits = limits_of(name, columns.kind, thresholds, self.abstention)
            # Rows without a result have no scores; what is in their place is replaced below.
            outcomes = columns.outcomes(np.nan_to_num(predictions.scores), limits)
            for row, outcome, is_cut in zip(rows, outcomes, predictions.truncated, strict=True):
                row.update(columns.nested(outcome) if file_format is Format.JSONL else columns.flat(outcome))
                row.update({self.truncated: True} if is_cut else {})
        every = self.columns.values()
        nothing = {name: None for columns in every for name in answer_columns(columns.kind, columns.column)}
        for place in self.empty.places(window):
            rows[place] = dict(nothing)
        if self.error is not None:
            failed = next(iter(results.values())).errors
            for place, problem in self.failures.problems(window, failed).items():
                rows[place] = {self.error: problem}
        return rows


OpenMatrix = Callable[[Records], AbstractContextManager[MatrixWriter]]


def label_stream(
    load: Callable[[], Classifier],
    options: argparse.Namespace,
    *,
    all_heads: bool = False,
    matrix: OpenMatrix | None = None,
) -> int:
    """Read rows, label them and write them; the input is checked before the model is loaded.

    Args:
        load: Gives the classifier.
        options: Those of ``add_input``, ``add_decision``, ``add_output``, ``add_row_format`` and ``add_engine``.
        all_heads: Whether all heads answer, or the chosen one.
        matrix: Opens what gets the cosines of similarity heads as well.
    """
    check_output(options.output)
    if getattr(options, "matrix", None) is not None:
        check_output(options.matrix)
    with open_input(options) as records, load() as classifier:
        labelling = RowLabeller.from_options(classifier, options, all_heads=all_heads)
        file_format = row_format(options, records.format)
        opened = nullcontext(NoMatrix()) if matrix is None else matrix(records)
        with open_output(options.output) as stream, opened as cosines:
            writer = row_writer(stream, file_format, records, labelling.added(file_format))

            def label(window: list[Row]) -> int:
                labelling.empty.check(window, records.name)
                results = labelling.predictions(labelling.empty.texts(window))
                cells = labelling.cells(window, results, file_format)
                for row, added in zip(window, cells, strict=True):
                    writer.write(row.values, added, row.source)
                stream.flush()
                _write_cosines(cosines, window, results)
                return sum(labelling.truncated in added for added in cells)

            streamed = stream_rows(records, label, options)
        n_labelled = streamed.total - labelling.failures.count - labelling.empty.count
        notice_rows(streamed.total, n_labelled, "labelled", options, records)
        notice_truncation(streamed, classifier.encoder.max_tokens, options)
        labelling.failures.notice(options)
        labelling.empty.notice(streamed.total, options)
    return 0


def _write_cosines(matrix: MatrixWriter, rows: list[Row], results: Mapping[str, Predictions]) -> None:
    unread = [place for place, row in enumerate(rows) if row.error is not None or row.is_empty]
    for predictions in results.values():
        if predictions.cosines is not None:
            cosines = predictions.cosines.copy()
            cosines[unread] = np.nan
            matrix.write(rows, cosines)
