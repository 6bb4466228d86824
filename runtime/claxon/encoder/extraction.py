"""Extracts features: each unique text once, in chunks, with unreadable rows set apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic

import numpy as np

from claxon.bundle.manifest import EncoderSpec, Feature
from claxon.encoder.features import Features, joined
from claxon.engine.runner import BatchRunner
from claxon.errors import TokenizationError
from claxon.support.parallel import prefetch
from claxon.support.progress import Bar, progress
from claxon.text.inputs import Deduplicated, FailedRow, OnError, ReadTexts, Row
from claxon.text.tokens import Tokens
from claxon.text.truncation import OnTruncation, report_truncation

# Texts that are sorted by length together; the tokens of the next ones are made while these run.
CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Extraction(Generic[Row]):
    """The extraction of features of texts, or of pairs of texts, with its parts and options."""

    tokenizer: Callable[[list[Row]], Tokens]
    runner: BatchRunner
    spec: EncoderSpec
    max_tokens: int
    names: Sequence[Feature]
    batch_size: int | None
    on_truncation: OnTruncation
    is_shown: bool | Bar

    def run(self: Extraction[str], read: ReadTexts, on_error: OnError) -> Features:
        """Extract the features of every row; rows that cannot be read get NaN.

        Raises:
            TokenizationError: the tokenizer fails on a text, and ``on_error`` is ``raise``; or on the empty text, which
                stands in the place of rows that failed.
            TruncatedTextError, EngineError: as ``Encoder.features``.
        """
        while True:
            try:
                return without(self.of_rows(read.texts), read.failed)
            except TokenizationError as error:
                before = {failure.row for failure in read.failed}
                rows = [row for row, text in enumerate(read.texts) if text == error.text and row not in before]
                failed = [FailedRow(row, str(error)) for row in rows]
                if on_error is OnError.RAISE or not failed:
                    where = f"row {failed[0].row}: " if failed else ""
                    raise TokenizationError(f"{where}{error}", error.text) from error
                read = read.but_for(failed)

    def of_rows(self, rows: list[Row]) -> Features:
        """Extract the features of every row, equal rows once.

        Raises:
            TokenizationError: the tokenizer fails on a text.
            TruncatedTextError, EngineError: as ``Encoder.features``.
        """
        distinct, parts = Deduplicated.from_texts(rows), []
        with progress(len(rows), unit="text", is_shown=self.is_shown, description="encoding") as bar:
            bar.update(len(rows) - len(distinct.texts))
            for tokens in self._chunks(distinct):
                values = {
                    name: np.empty((len(tokens.lengths), self.spec.features[name]), np.float32) for name in self.names
                }
                for done in self.runner.run(tokens, self.names, self.batch_size):
                    for name, pooled in zip(self.names, done.values, strict=True):
                        values[name][done.batch.rows] = pooled
                    bar.update(len(done.batch.rows))
                parts.append(Features(values, tokens.uncut_lengths, tokens.truncated))
        return joined(parts, self.names, self.spec).taken(distinct.to_rows)

    def _chunks(self, distinct: Deduplicated[Row]) -> Iterator[Tokens]:
        """Tokenize in chunks, the next one while this one runs; all at once if truncation is an error."""
        is_error = self.on_truncation is OnTruncation.ERROR
        if len(distinct.texts) <= CHUNK or is_error:
            tokens = self.tokenizer(distinct.texts)
            if is_error:
                n_tokens, truncated = distinct.to_rows(tokens.uncut_lengths), distinct.to_rows(tokens.truncated)
                report_truncation(n_tokens, truncated, self.max_tokens, self.on_truncation)
            return iter([tokens])
        starts = range(0, len(distinct.texts), CHUNK)
        return prefetch(self.tokenizer, (distinct.texts[start : start + CHUNK] for start in starts))


def without(features: Features, failed: tuple[FailedRow, ...]) -> Features:
    """Return the features with NaN in the rows that failed."""
    if not failed:
        return features
    rows = [failure.row for failure in failed]
    n_tokens, truncated = features.n_tokens.copy(), features.truncated.copy()
    n_tokens[rows], truncated[rows] = 0, False
    values = {name: array.copy() for name, array in features.values.items()}
    for array in values.values():
        array[rows] = np.nan
    return replace(features, values=values, n_tokens=n_tokens, truncated=truncated, failed=failed)
