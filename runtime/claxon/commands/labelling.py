"""Label a stream of rows: what ``predict`` and ``similar`` have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from claxon.classifier import Classifier, Predictions
from claxon.commands.arguments import finite_float, positive_int, row_format
from claxon.commands.columns import HeadColumns
from claxon.commands.streaming import notice_truncation, open_input, stream_rows
from claxon.commands.writing import open_output, row_writer
from claxon.records import Format, Row


def add_decision(parser: argparse.ArgumentParser) -> None:
    """What to make of the scores."""
    group = parser.add_argument_group("decision")
    group.add_argument(
        "--threshold", metavar="T", type=finite_float, help="leave the label empty where its score is below T"
    )
    group.add_argument("--top-k", metavar="K", type=positive_int, default=1, help="the K best labels (default: 1)")
    group.add_argument("--all-scores", action="store_true", help="the score of every label as well")


@dataclass(frozen=True, slots=True)
class Labelling:
    """How rows are labelled, and the columns that come of it.

    Attributes:
        columns: Those of each head that answers, by the head's name.
        all_heads: Whether all of them answer, or the classifier's chosen one.
        truncated: The name of the column that says which texts were cut.
    """

    classifier: Classifier
    columns: Mapping[str, HeadColumns]
    all_heads: bool
    truncated: str
    threshold: float | None
    batch_size: int | None

    @classmethod
    def of(cls, classifier: Classifier, options: argparse.Namespace, *, all_heads: bool) -> Labelling:
        """By the classifier's chosen head; or by all of its heads, their names in those of the columns."""
        columns = {
            name: HeadColumns.of(
                classifier.heads[name].labels,
                head=name if all_heads else None,
                prefix=options.prefix,
                top_k=options.top_k,
                all_scores=options.all_scores,
            )
            for name in (classifier.heads if all_heads else [str(classifier.head_name)])
        }
        truncated = f"{options.prefix}truncated"
        return cls(classifier, columns, all_heads, truncated, options.threshold, options.batch_size)

    def added(self, file_format: Format) -> list[str]:
        """Names of the added columns; ``truncated`` is one, although JSON has it only where a text was cut."""
        is_nested = file_format is Format.JSONL
        names = [name for columns in self.columns.values() for name in columns.names(is_nested=is_nested)]
        return [*names, self.truncated]

    def cells(self, texts: list[str], file_format: Format) -> list[dict[str, Any]]:
        """The added columns of each text."""
        rows: list[dict[str, Any]] = [{} for _ in texts]
        for name, predictions in self._predictions(texts).items():
            columns = self.columns[name]
            outcomes = columns.outcomes(predictions.scores, self.threshold)
            for row, outcome, is_cut in zip(rows, outcomes, predictions.truncated, strict=True):
                row.update(columns.nested(outcome) if file_format is Format.JSONL else columns.flat(outcome))
                row.update({self.truncated: True} if is_cut else {})
        return rows

    def _predictions(self, texts: list[str]) -> dict[str, Predictions]:
        call = self.classifier.predictions_all if self.all_heads else self.classifier.predictions
        found = call(texts, batch_size=self.batch_size, on_truncation="ignore")
        return found if isinstance(found, dict) else {next(iter(self.columns)): found}


def label_stream(load: Callable[[], Classifier], options: argparse.Namespace, *, all_heads: bool = False) -> int:
    """Read rows, label them, write them; the input is looked at before the model is loaded."""
    with open_input(options) as records, load() as classifier:
        labelling = Labelling.of(classifier, options, all_heads=all_heads)
        file_format = row_format(options, records.format)
        with open_output(options.output) as stream:
            writer = row_writer(stream, file_format, records, labelling.added(file_format))

            def label(window: list[Row]) -> int:
                cells = labelling.cells([row.text for row in window], file_format)
                for row, added in zip(window, cells, strict=True):
                    writer.write(row.values, added)
                stream.flush()
                return sum(labelling.truncated in added for added in cells)

            streamed = stream_rows(records, label, options)
        notice_truncation(streamed, classifier.encoder.max_tokens, options)
    return 0
