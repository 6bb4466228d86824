"""The same rows through the command line, a job, Ray's and Spark's predictor and the Python API: the same columns."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.linear_model import LogisticRegression

import claxon
import claxon_export
from claxon.bundle.bundle import Bundle
from claxon.cli.main import main
from claxon.labelling.arrow_columns import arrow_columns, arrow_schema
from claxon.labelling.labeller import ColumnOptions, ColumnPredictor
from tests.texts import REVIEWS

KINDS: dict[str, tuple[Any, Any]] = {
    "words": ("bad", "good"),
    "counts": (0, 1),
    "truths": (False, True),
    "floats": (0.0, 1.0),
}
TEXTS = ["great book", "awful phone", "", "the food was cold " * 40]
EMPTY = TEXTS.index("")
# Rows of one call share batches, which changes a score by less than this.
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with a head for each type of label."""
    path = Path(shutil.copytree(tiny_bundle, tmp_path_factory.mktemp("everywhere") / "bundle"))
    for name in ("sentiment", "topic"):
        claxon_export.remove_head(path, name)
    with claxon.Encoder.load(path, threads=1) as encoder:
        features = encoder.encode(list(REVIEWS), on_truncation="ignore")
    is_good = np.array([label == "positive" for label in REVIEWS.values()])
    for name, (bad, good) in KINDS.items():
        labels = np.array([good if one else bad for one in is_good])
        claxon_export.add_head(path, name, estimator=LogisticRegression().fit(features, labels))
    return path


@pytest.fixture(scope="module")
def expected(bundle: Path) -> dict[str, tuple[list[Any], list[float]]]:
    """Label and score of each head by the Python API."""
    found = {}
    for name in KINDS:
        with claxon.load(bundle, head=name, threads=1) as classifier:
            scores = classifier.predict_proba(TEXTS, on_truncation="ignore").max(axis=1)
            found[name] = (classifier.predict(TEXTS, on_truncation="ignore").tolist(), scores.tolist())
    return found


def check(
    rows: list[dict[str, Any]], expected: dict[str, tuple[list[Any], list[float]]], *, is_empty_labelled: bool
) -> None:
    for head, (labels, scores) in expected.items():
        for place, row in enumerate(rows):
            label, score = row[f"predicted_label_{head}"], row[f"score_{head}"]
            if place == EMPTY and not is_empty_labelled:
                assert (label, score) == (None, None)
            else:
                assert (type(label), label) == (type(labels[place]), labels[place])
                assert score == pytest.approx(scores[place], abs=TOLERANCE)


def test_the_command_line(
    bundle: Path, expected: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    assert main(["predict", str(bundle), "--all-heads", str(path)]) == 0
    check([json.loads(line) for line in capsys.readouterr().out.splitlines()], expected, is_empty_labelled=False)
    assert main(["predict", str(bundle), "--all-heads", str(path), "--empty", "label"]) == 0
    check([json.loads(line) for line in capsys.readouterr().out.splitlines()], expected, is_empty_labelled=True)


@pytest.mark.parametrize("errors", ["raise", "record"])
def test_a_row_with_too_few_fields(
    errors: str, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.csv"
    path.write_text("text,a,b\ngreat book,1,2\nawful phone,1\nfine,3,4\n")
    code = main(["predict", str(bundle), "--head", "words", "--errors", errors, str(path)])
    shown = capsys.readouterr()
    if errors == "raise":
        assert code == 1
        assert "line 3 has 2 fields, the header names 3" in shown.err
        return
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(shown.out)))
    assert [row["text"] for row in rows] == ["great book", "awful phone", "fine"]
    assert [bool(row["predicted_label"]) for row in rows] == [True, False, True]
    assert "line 3 has 2 fields" in rows[1]["error"]


def test_a_job(bundle: Path, expected: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"text": TEXTS}), path)
    result = claxon.jobs.run_job(bundle, path, tmp_path / "out", heads=list(KINDS), threads=1)
    assert (result.rows, result.labelled, result.missing) == (len(TEXTS), len(TEXTS) - 1, 1)
    rows = pq.read_table(next((tmp_path / "out" / "parts").iterdir())).to_pylist()
    check(rows, expected, is_empty_labelled=False)


def test_predictors_of_ray(bundle: Path, expected: dict[str, Any]) -> None:
    predictor = claxon.ray.Predictor(bundle, heads=list(KINDS), threads=1)
    check(predictor(pa.table({"text": TEXTS})).to_pylist(), expected, is_empty_labelled=False)
    columns = predictor({"text": np.array(TEXTS[:EMPTY], dtype=object)})
    assert columns["predicted_label_floats"].dtype == np.float64
    assert columns["predicted_label_floats"].tolist() == expected["floats"][0][:EMPTY]


def test_columns_of_spark(bundle: Path, expected: dict[str, Any]) -> None:
    """What Spark's workers compute, without Spark."""
    predictor = ColumnPredictor(Bundle.open(bundle), ColumnOptions(heads=tuple(KINDS)), 1)
    schema = arrow_schema(predictor.wanted, fixed_size=False)
    batch = pa.RecordBatch.from_arrays(arrow_columns(predictor(TEXTS), schema), schema=schema)
    check(batch.to_pylist(), expected, is_empty_labelled=False)
    kinds = [str(schema.field(f"predicted_label_{head}").type) for head in KINDS]
    assert kinds == ["string", "int64", "bool", "double"]


def test_one_head_has_plain_names_everywhere(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(bundle), "--head", "words", "--json", "--texts", "fine"]) == 0
    assert {"predicted_label", "score"} <= json.loads(capsys.readouterr().out).keys()
    assert {"predicted_label", "score"} <= set(claxon.ray.Predictor(bundle, heads="words")({"text": ["fine"]}))
