"""The class that Ray Data takes: batches of every format, and a run on a local cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from claxon.bundle.bundle import Bundle
from claxon.errors import InputError, IntegrityError, OptionError
from claxon.integrations.ray import Predictor, assigned_threads
from claxon.labelling.labeller import ColumnOptions, ColumnPredictor

TEXTS = [f"{text} {number}" for number in range(20) for text in ("great book", "awful film", "the phone broke")]
ADDED = ["predicted_label", "score", "truncated"]


@pytest.fixture(scope="module")
def expected(tiny_bundle: Path) -> dict[str, Any]:
    return ColumnPredictor(Bundle.open(tiny_bundle), ColumnOptions(("sentiment",), embed=True), 1)(TEXTS)


def predictor(bundle: Path, **options: Any) -> Predictor:
    return Predictor(bundle, **{"heads": "sentiment", "threads": 1, **options})


def test_numpy_batches_keep_their_columns(tiny_bundle: Path, expected: dict[str, Any]) -> None:
    batch = {"id": np.arange(60), "text": np.array(TEXTS, object)}
    found = predictor(tiny_bundle)(batch)
    assert list(found) == ["id", "text", *ADDED]
    assert all((found[name] == expected[name]).all() for name in ADDED)
    assert list(batch) == ["id", "text"]


def test_pandas_batches_do_too(tiny_bundle: Path, expected: dict[str, Any]) -> None:
    batch = pd.DataFrame({"id": range(60), "text": TEXTS}, index=range(100, 160))
    found = predictor(tiny_bundle, embed=True)(batch)
    assert list(found) == ["id", "text", *ADDED, "embedding"]
    assert found.index.tolist() == list(range(100, 160))
    assert found["predicted_label"].tolist() == expected["predicted_label"].tolist()
    assert found["score"].dtype == np.float32
    assert (np.stack(found["embedding"].tolist()) == expected["embedding"]).all()


def test_arrow_batches_do_too(tiny_bundle: Path, expected: dict[str, Any]) -> None:
    batch = pa.table({"id": pa.array(range(60)), "text": pa.chunked_array([TEXTS[:7], TEXTS[7:]])})
    found = predictor(tiny_bundle, embed=True)(batch)
    assert found.column_names == ["id", "text", *ADDED, "embedding"]
    assert found["score"].to_pylist() == expected["score"].tolist()
    assert found["embedding"].type == pa.list_(pa.float32(), 32)
    assert found["embedding"].to_pylist() == expected["embedding"].tolist()


@pytest.mark.parametrize("kind", ["numpy", "pandas", "pyarrow"])
def test_rows_that_are_no_texts_are_set_apart(kind: str, tiny_bundle: Path) -> None:
    rows = {"text": np.array(["good", None], object)}
    batch: Any = {"numpy": rows, "pandas": pd.DataFrame(rows), "pyarrow": pa.table(rows)}[kind]
    found = predictor(tiny_bundle, errors="record")(batch)
    labels = [label.as_py() if kind == "pyarrow" else label for label in found["predicted_label"]]
    assert (str(labels[0]) in ("negative", "positive"), pd.isna(labels[1])) == (True, True)
    assert not pd.isna(found["score"][0].as_py() if kind == "pyarrow" else found["score"][0])


def test_they_are_an_error_where_nothing_else_is_asked(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match=r"column 'review': row 1 is int .*errors='record' sets such rows apart"):
        predictor(tiny_bundle, text="review")({"review": np.array(["good", 3], object)})


@pytest.mark.parametrize(
    ("batch", "error", "words"),
    [
        ([1], InputError, "the batch is a list, expected a batch of numpy, pandas, pyarrow"),
        ({"review": np.array(["good"])}, InputError, "no column 'text', but review"),
        ({"text": np.array(["good"]), "score": np.ones(1)}, OptionError, "a column 'score' already"),
    ],
)
def test_a_batch_that_cannot_be_labelled_is_an_error(
    batch: Any, error: type[Exception], words: str, tiny_bundle: Path
) -> None:
    with pytest.raises(error, match=words):
        predictor(tiny_bundle)(batch)


def test_the_bundle_is_found_on_the_node_and_is_the_one_expected(tiny_bundle: Path) -> None:
    digest = Bundle.open(tiny_bundle).digest
    Predictor(lambda: tiny_bundle, heads="sentiment", threads=1, expected_digest=digest)
    with pytest.raises(IntegrityError, match="has the digest"):
        Predictor(lambda: tiny_bundle, heads="sentiment", threads=1, expected_digest="0" * 64)


def test_without_ray_it_works_and_loads_none(tiny_bundle: Path) -> None:
    code = (
        "import sys; sys.modules['ray'] = None\n"
        "import claxon.ray\n"
        "found = claxon.ray.Predictor(sys.argv[1], heads='sentiment')({'text': ['good']})\n"
        "print(*sorted(found), 'pyarrow' in sys.modules, 'pandas' in sys.modules)"
    )
    words = [sys.executable, "-c", code, str(tiny_bundle)]
    ran = subprocess.run(words, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["predicted_label", "score", "text", "truncated", "False", "False"]


def test_outside_of_ray_nothing_is_assigned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    assert assigned_threads() is None


class Seen(Predictor):
    """Says where it runs, and with how many threads."""

    def __call__(self, batch: Any) -> Any:
        found = super().__call__(batch)
        many = np.full(len(found["id"]), 1)
        return {**found, "process": many * os.getpid(), "threads": many * (assigned_threads() or 0)}


def test_a_dataset_is_labelled_by_actors_as_by_this_process(
    local_ray: Any, tiny_bundle: Path, expected: dict[str, Any]
) -> None:
    rows = local_ray.data.from_items(
        [{"id": number, "text": text} for number, text in enumerate(TEXTS)], override_num_blocks=4
    )
    labelled = rows.map_batches(
        Seen,
        fn_constructor_kwargs={"bundle": str(tiny_bundle), "heads": ["sentiment"], "embed": True},
        compute=local_ray.data.ActorPoolStrategy(size=2),
        num_cpus=1,
        batch_size=None,
    )
    found = sorted(labelled.take_all(), key=lambda row: row["id"])
    assert [row["predicted_label"] for row in found] == expected["predicted_label"].tolist()
    np.testing.assert_allclose([row["score"] for row in found], expected["score"], atol=1e-5)
    np.testing.assert_allclose([row["embedding"] for row in found], expected["embedding"], atol=1e-5)
    assert {row["threads"] for row in found} == {1}
    assert len({row["process"] for row in found}) <= 2
    assert assigned_threads() is None  # the driver is no worker
