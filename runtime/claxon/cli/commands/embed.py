"""``claxon embed``: texts in, vectors out."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from claxon.bundle.manifest import Feature
from claxon.cli.arguments import add_bundle, add_empty, add_engine, add_errors, add_input, add_output, engine_options
from claxon.cli.streaming import EmptyTexts, Failures, notice_rows, notice_truncation, open_input, stream_rows
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import Features, chosen_feature
from claxon.errors import OptionError
from claxon.formats.tables import STANDARD_STREAM, Records, Row
from claxon.formats.writers import ArrayWriter, JSONWriter, check_new_columns, check_output, open_output
from claxon.heads.decision import shortest
from claxon.text.inputs import OnEmpty, OnError

NPY, JSONL = "npy", "jsonl"


class Embed:
    """Turns texts into vectors."""

    name = "embed"
    help = (
        "Turn texts into vectors: a .npy array of float32 with one row per text, or JSON lines that keep every column "
        "of the input and add embedding."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon embed BUNDLE [INPUT] [options]"
        add_bundle(parser)
        add_input(parser)
        add_errors(parser)
        add_empty(parser.add_argument_group("empty texts"))
        group = parser.add_argument_group("vectors")
        group.add_argument(
            "--feature",
            choices=[str(choice) for choice in Feature],
            help="which vector (default: what the source calls its embedding)",
        )
        output = add_output(parser)
        output.add_argument(
            "--output-format", choices=[NPY, JSONL], help="default: npy for a FILE that ends in .npy, else jsonl"
        )
        add_engine(parser)

    def run(self, options: argparse.Namespace) -> int:
        """Embed the input."""
        is_npy = _is_npy(options)
        check_output(options.output)
        with open_input(options) as records, Encoder.load(options.bundle, **engine_options(options)) as encoder:
            feature = chosen_feature(encoder.spec, options.feature)
            if not is_npy:
                check_new_columns(records.columns, _added(options))
            with open_output(options.output) as stream:
                width = encoder.spec.features[feature]
                writer: VectorWriter = JSONVectorWriter(stream, feature, options.prefix)
                if is_npy:
                    writer = NPYWriter(stream, feature, width)
                _embed(encoder, feature, records, writer, options)
        return 0


EMBED = Embed()


class VectorWriter(Protocol):
    """Writes vectors in one format."""

    def write(self, rows: list[Row], features: Features, failed: Mapping[int, str]) -> None:
        """Write the vectors of some rows; ``failed`` has the rows without one, with the reason."""

    def finish(self) -> None:
        """Finish after the last row."""


class NPYWriter:
    """Vectors as one array."""

    def __init__(self, stream: BinaryIO, feature: Feature, width: int) -> None:
        self._array = ArrayWriter(stream, width)
        self._feature = feature

    def write(self, rows: list[Row], features: Features, failed: Mapping[int, str]) -> None:  # noqa: ARG002 - no columns
        """Write the vectors of some rows; NaN for rows that failed."""
        vectors = features.values[self._feature].copy()
        vectors[list(failed)] = np.nan
        self._array.write(vectors)

    def finish(self) -> None:
        """Write the number of rows into the array's header."""
        self._array.finish()


class JSONVectorWriter:
    """One JSON object per line: the input's columns and the vector."""

    def __init__(self, stream: BinaryIO, feature: Feature, prefix: str) -> None:
        self._stream = stream
        self._feature = feature
        self._writer = JSONWriter(stream)
        self._embedding, self._truncated, self._error = self.added(prefix)

    @staticmethod
    def added(prefix: str) -> list[str]:
        """Return the names of the added columns: the vector, whether the text was truncated, and the error."""
        return [f"{prefix}embedding", f"{prefix}truncated", f"{prefix}error"]

    def write(self, rows: list[Row], features: Features, failed: Mapping[int, str]) -> None:
        """Write the vectors of some rows, or the reason for rows that failed."""
        for place, (row, vector) in enumerate(zip(rows, features.values[self._feature], strict=True)):
            has_none = np.isnan(vector).any()
            added: dict[str, Any] = {self._embedding: None if has_none else [shortest(value) for value in vector]}
            if features.truncated[place]:
                added[self._truncated] = True
            cells = {self._error: failed[place]} if place in failed else added
            self._writer.write(row.values, cells, row.source)
        self._stream.flush()

    def finish(self) -> None:
        """Do nothing."""


def _added(options: argparse.Namespace) -> list[str]:
    """Return the names of the columns that this run adds to JSON."""
    return JSONVectorWriter.added(options.prefix)[: 3 if options.errors == OnError.RECORD else 2]


def _is_npy(options: argparse.Namespace) -> bool:
    """Whether to write an array.

    Raises:
        OptionError: an array was asked for on standard output, where its header cannot be written last.
    """
    is_npy = (options.output_format or Path(options.output).suffix[1:].lower()) == NPY
    if is_npy and options.output == STANDARD_STREAM:
        raise OptionError("npy output needs a file: add -o FILE.npy, or remove --output-format npy")
    return bool(is_npy)


def _embed(
    encoder: Encoder, feature: Feature, records: Records, writer: VectorWriter, options: argparse.Namespace
) -> None:
    failures, empty = Failures(), EmptyTexts(OnEmpty(options.empty), "vector")

    def embed(window: list[Row]) -> int:
        empty.check(window, records.name)
        features = encoder.features(
            empty.texts(window),
            [feature],
            batch_size=options.batch_size,
            on_truncation="ignore",
            errors=options.errors,
        )
        empty.places(window)
        writer.write(window, features, failures.problems(window, features.failed))
        return int(features.truncated.sum())

    streamed = stream_rows(records, embed, options)
    writer.finish()
    notice_rows(streamed.total, streamed.total - failures.count - empty.count, "embedded", options, records)
    notice_truncation(streamed, encoder.max_tokens, options)
    failures.notice(options)
    empty.notice(streamed.total, options)
