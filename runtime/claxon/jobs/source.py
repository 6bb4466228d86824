"""A file of a plan -> what reads its shards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from claxon.jobs.parquet_source import ParquetSource
from claxon.jobs.plan import InputFormat, Plan, Shard
from claxon.jobs.schema import kept_schema
from claxon.jobs.text_source import TextSource
from claxon.jobs.window import Window


class RowSource(Protocol):
    """A file that is open; shards that follow each other are read without going back."""

    def windows(self, shard: Shard) -> Iterator[Window]:
        """The shard's rows.

        Raises:
            JobInputError: the file is damaged, or ends before the shard does.
        """

    def close(self) -> None:
        """Close the file."""


def open_source(plan: Plan, file: int) -> RowSource:
    """Open a file of the plan.

    Raises:
        JobInputError: it cannot be read.
    """
    entry, options, kept = plan.files[file], plan.options, kept_schema(plan)
    if options.input_format is InputFormat.PARQUET:
        return ParquetSource(entry, options.text, kept)
    return TextSource(entry, options.input_format, options.text, kept)
