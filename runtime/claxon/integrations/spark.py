"""A bundle on Spark: labels, scores and embeddings as columns of a DataFrame.

>>> claxon.spark.predict(reviews, "/mnt/models/reviews", text="review", heads=["sentiment"])
DataFrame[review: string, predicted_label: string, score: float, truncated: boolean]
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import MANIFEST_NAME, ScoreKind
from claxon.errors import InputError, MissingDependencyError
from claxon.formats.arrow import arrow
from claxon.labelling.arrow_columns import arrow_columns, arrow_schema
from claxon.labelling.columns import label_kind
from claxon.labelling.labeller import (
    EMBEDDING,
    ERROR,
    TRUNCATED,
    Array,
    ColumnOptions,
    ColumnPredictor,
    ColumnSpec,
    found_bundle,
    given_heads,
)
from claxon.text.inputs import OnError

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructField, StructType

# What a Python worker keeps loaded, so that a query with several predictions finds each of them there.
KEPT = 4


def predict(
    frame: DataFrame,
    bundle: str | os.PathLike[str] | Callable[[], str | os.PathLike[str]],
    *,
    text: str = "text",
    heads: str | Sequence[str] | None = None,
    embed: bool = False,
    errors: str = "raise",
    empty: str = "skip",
    prefix: str = "",
    threshold: float | None = None,
    margin: float | None = None,
    threads: int | None = None,
    device: str = "auto",
    precision: str = "auto",
    max_tokens: int | None = None,
) -> DataFrame:
    """The DataFrame with labels, scores, and which texts were cut.

    The columns are ``predicted_label`` and ``score``, of several heads ``predicted_label_HEAD`` and ``score_HEAD`` of
    each; ``truncated``; and where they were asked for ``embedding`` and ``error``.

    Nothing runs before Spark is asked for rows. Each Python worker loads the bundle once and keeps it for later tasks;
    it must be the bundle that the driver sees, to the digest.

    Args:
        frame: A column of it holds the texts.
        bundle: A folder that driver and workers see under one path; or what ``ship`` gives; or a function without
            arguments that finds it, asked once a task.
        text: The texts' column.
        heads: The head that answers, or several; ``None`` for the only one, or for none with ``embed``.
        embed: Add the column ``embedding``, a list of float32.
        errors: ``raise`` at a row that is no text; or ``record`` it in the column ``error`` and serve the others, with
            nulls in the place of its label, score and embedding.
        empty: A row whose text is null, empty or blank: ``skip`` gives it no label, no score and no embedding,
            ``error`` raises, ``label`` labels it as the empty text.
        prefix: Put before the names of the columns that are added.
        threshold: As for ``Classifier.predict``, and so is ``margin``: labels that do not pass are null.
        threads: ``None`` for ``spark.task.cpus``.
        device: As for ``Encoder.load``, and so are the following.
        precision: One precision for all nodes is best named: ``auto`` goes by each node's processor.
        max_tokens: Cut texts at fewer tokens than the bundle's limit.

    Raises:
        MissingDependencyError: pyspark or pyarrow is not installed.
        InputError: the DataFrame has no such column of strings.
        OptionError: an option's value cannot be met, or a column has the name of one that is added.
        BundleError: the folder is not a whole bundle.
    """
    asked = ColumnOptions(
        given_heads(heads), embed, errors, prefix, threshold, margin, device, precision, max_tokens, empty
    )
    opened = Bundle.open(found_bundle(bundle))
    schema = _schema(frame, text, ColumnSpec.from_options(opened, asked))
    return frame.mapInArrow(BatchLabeller(bundle, opened.digest, asked, text, threads), schema)


def ship(spark: SparkSession, bundle: str | os.PathLike[str]) -> Callable[[], str]:
    """Send a bundle of the driver's to every node, through ``SparkContext.addArchive``.

    Returns:
        What ``predict`` takes as its ``bundle``.

    Raises:
        MissingDependencyError: pyspark is not installed.
        BundleError: the folder is not a whole, unchanged bundle.
    """
    opened = Bundle.open(bundle)
    opened.verify()
    shipped = Shipped(f"claxon-{opened.digest[:16]}")
    spark.sparkContext.addArchive(f"{_archive(opened, shipped.name)}#{shipped.name}")
    return shipped


@dataclass(frozen=True, slots=True)
class Shipped:
    """Where a bundle that was sent lies on whatever node this is asked."""

    name: str

    def __call__(self) -> str:
        """Its folder."""
        return str(_pyspark().SparkFiles.get(self.name))


@dataclass(frozen=True, slots=True)
class BatchLabeller:
    """What each Python worker of Spark is sent, and calls with the batches of a partition.

    Attributes:
        digest: Of the bundle that the driver saw.
        text: The texts' column.
    """

    bundle: str | os.PathLike[str] | Callable[[], str | os.PathLike[str]]
    digest: str
    asked: ColumnOptions
    text: str
    threads: int | None

    def __call__(self, batches: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
        """The batches with the new columns."""
        threads = assigned_threads() if self.threads is None else self.threads
        predictor = loaded(str(found_bundle(self.bundle)), self.digest, self.asked, threads)
        schema = arrow_schema(predictor.wanted, fixed_size=False)
        for batch in batches:
            columns = arrow_columns(self._found(predictor, batch), schema)
            both = arrow().schema([*batch.schema, *schema])
            yield arrow().RecordBatch.from_arrays([*batch.columns, *columns], schema=both)

    def _found(self, predictor: ColumnPredictor, batch: RecordBatch) -> dict[str, Array]:
        try:
            return predictor(batch.column(self.text))
        except InputError as error:
            raise InputError(f"column {self.text!r}: {error}; errors='record' sets such rows apart") from error


@lru_cache(maxsize=KEPT)
def loaded(path: str, digest: str, asked: ColumnOptions, threads: int | None) -> ColumnPredictor:
    """The session of this Python worker, loaded by the first task that needs it."""
    return ColumnPredictor(Bundle.open(path, expected_digest=digest), asked, threads)


def assigned_threads() -> int | None:
    """``spark.task.cpus`` of the task that runs here; ``None`` outside of one."""
    context = _pyspark().TaskContext.get()
    return None if context is None else max(1, int(context.cpus()))


def _schema(frame: DataFrame, text: str, wanted: ColumnSpec) -> StructType:
    types = _pyspark().sql.types
    found = [field.dataType for field in frame.schema.fields if field.name == text]
    if not found:
        raise InputError(f"the DataFrame has no column {text!r}, but {', '.join(frame.columns) or 'none'}")
    if len(found) > 1 or not isinstance(found[0], types.StringType):
        kinds = " and ".join(kind.simpleString() for kind in found)
        raise InputError(f"column {text!r} is {kinds}, expected one column of string")
    wanted.check_new(frame.columns)
    schema: StructType = types.StructType([*frame.schema.fields, *_fields(wanted)])
    return schema


def _fields(wanted: ColumnSpec) -> list[StructField]:
    types = _pyspark().sql.types
    kinds = {bool: types.BooleanType(), int: types.LongType(), float: types.DoubleType(), str: types.StringType()}
    added = {wanted.named(TRUNCATED): types.BooleanType()}
    for head in wanted.heads:
        names = wanted.names[head.name]
        label = kinds[label_kind(head.labels)]
        is_several = head.scores is ScoreKind.MULTI_LABEL
        added |= {names.label: types.ArrayType(label) if is_several else label, names.score: types.FloatType()}
    if wanted.feature is not None:
        added[wanted.named(EMBEDDING)] = types.ArrayType(types.FloatType())
    if wanted.on_error is OnError.RECORD:
        added[wanted.named(ERROR)] = types.StringType()
    return [types.StructField(name, added[name]) for name in wanted.columns]


@cache
def _folder_of_archives() -> TemporaryDirectory[str]:
    """Spark's driver serves archives from where they lie, as long as it runs."""
    return TemporaryDirectory(prefix="claxon-spark-")


def _archive(bundle: Bundle, name: str) -> Path:
    """The bundle as a zip file; its weights are as good as random, and packing them would gain nothing."""
    path = Path(_folder_of_archives().name) / f"{name}.zip"
    if not path.exists():
        with ZipFile(path, "w") as archive:
            for listed in (MANIFEST_NAME, *bundle.manifest.files):
                archive.write(bundle.path / listed, listed)
    return path


def _pyspark() -> Any:
    """The module ``pyspark``, its ``sql.types`` with it.

    Raises:
        MissingDependencyError: it is not installed; the message names the extra that brings it.
    """
    try:
        import_module("pyspark.sql.types")
        return import_module("pyspark")
    except ImportError as error:
        raise MissingDependencyError(f"pyspark cannot be imported ({error}); pip install 'claxon[spark]'") from error
