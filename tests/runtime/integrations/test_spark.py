"""Labels as columns of a Spark DataFrame, on a local session, against those of this process."""

from __future__ import annotations

import datetime
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from claxon.bundle.bundle import Bundle
from claxon.errors import InputError, IntegrityError, MissingDependencyError, OptionError
from claxon.integrations.spark import BatchLabeller, assigned_threads, loaded, predict, ship
from claxon.labelling.labeller import ColumnOptions, ColumnPredictor

TEXTS = [f"{text} {number}" for number in range(20) for text in ("great book", "awful film", "the phone broke")]


@pytest.fixture(autouse=True)
def pandas_is_newer_than_spark_likes() -> Iterator[None]:
    """pyspark 4.3 warns of pandas 3 wherever it wraps a function."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


def answers(bundle: Path) -> dict[str, Any]:
    return ColumnPredictor(Bundle.open(bundle), ColumnOptions(("sentiment", "topic"), embed=True), 1)(TEXTS)


def test_labels_are_those_of_this_process(local_spark: Any, tiny_bundle: Path) -> None:
    day = datetime.date(2024, 2, 29)
    rows = [(number, text, day, [number]) for number, text in enumerate(TEXTS)]
    frame = local_spark.createDataFrame(rows, "id long, text string, day date, parts array<int>").repartition(3)
    labelled = predict(frame, tiny_bundle, heads=["sentiment", "topic"], embed=True)
    assert labelled.schema.simpleString() == (
        "struct<id:bigint,text:string,day:date,parts:array<int>,predicted_label_sentiment:string,"
        "score_sentiment:float,predicted_label_topic:string,score_topic:float,truncated:boolean,"
        "embedding:array<float>>"
    )
    found, expected = sorted(labelled.collect()), answers(tiny_bundle)
    assert [(row.id, row.text, row.day, row.parts) for row in found] == rows
    for name in ("predicted_label_sentiment", "predicted_label_topic", "truncated"):
        assert [row[name] for row in found] == expected[name].tolist()
    for name in ("score_sentiment", "score_topic", "embedding"):
        np.testing.assert_allclose([row[name] for row in found], expected[name], atol=1e-5)


def test_a_bundle_that_is_sent_is_found_on_the_nodes(local_spark: Any, copied_bundle: Path) -> None:
    sent = ship(local_spark, copied_bundle)
    copied_bundle.rename(copied_bundle.with_name("not here"))
    rows = [(1, "great book"), (2, None)]
    frame = local_spark.createDataFrame(rows, "id long, review string").coalesce(1)
    labelled = predict(frame, sent, text="review", heads="sentiment", errors="record", prefix="c_")
    good, bad = sorted(labelled.collect())
    assert good.c_predicted_label in ("negative", "positive")
    assert (good.c_error, bad.c_error) == (None, "is NoneType (None), expected str")
    assert (bad.c_predicted_label, bad.c_score, bad.c_truncated) == (None, None, False)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"text": "review"}, InputError, "no column 'review', but id, text, score"),
        ({"text": "id"}, InputError, "column 'id' is bigint, expected one column of string"),
        ({}, OptionError, "a column 'score' already"),
        ({"heads": "mood"}, OptionError, "no head 'mood'"),
        ({"errors": "skip"}, OptionError, "expected one of raise, record"),
    ],
)
def test_what_is_wrong_is_said_before_spark_runs(
    options: dict[str, Any], error: type[Exception], words: str, local_spark: Any, tiny_bundle: Path
) -> None:
    frame = local_spark.createDataFrame([(1, "a", 0.5)], "id long, text string, score double")
    with pytest.raises(error, match=words):
        predict(frame, tiny_bundle, **{"heads": "sentiment", **options})


def labelling(bundle: Path, **options: Any) -> BatchLabeller:
    return BatchLabeller(str(bundle), Bundle.open(bundle).digest, ColumnOptions(("sentiment",), **options), "text", 1)


def test_a_worker_loads_once_and_keeps_it(tiny_bundle: Path) -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    loaded.cache_clear()
    batch = pa.RecordBatch.from_pydict({"text": ["good", "bad"]})
    for _ in range(3):
        (found,) = labelling(tiny_bundle)(iter([batch]))
        assert found.schema.names == ["text", "predicted_label", "score", "truncated"]
    assert loaded.cache_info().misses == 1
    list(labelling(tiny_bundle, embed=True)(iter([batch])))
    assert loaded.cache_info().misses == 2


def test_a_node_with_another_bundle_is_an_error(tiny_bundle: Path) -> None:
    with pytest.raises(IntegrityError, match="has the digest"):
        list(BatchLabeller(str(tiny_bundle), "0" * 64, ColumnOptions(("sentiment",)), "text", 1)(iter([])))


def test_a_row_without_a_text_gets_no_label(tiny_bundle: Path) -> None:
    batch = pa.RecordBatch.from_pydict({"text": ["good", None]})
    (labelled,) = labelling(tiny_bundle)(iter([batch]))
    assert [label is None for label in labelled["predicted_label"].to_pylist()] == [False, True]


def test_outside_of_a_task_nothing_is_assigned() -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    assert assigned_threads() is None


def test_without_pyspark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql.types", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'claxon\[spark\]'"):
        assigned_threads()
