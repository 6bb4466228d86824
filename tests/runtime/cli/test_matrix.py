"""``claxon similar --matrix``: every cosine, in the rows' order, with the rows' keys."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import claxon
from claxon.cli.main import main
from claxon.cli.matrix import MatrixFormat, NoMatrix, matrix_format
from claxon.encoder.features import FloatMatrix
from claxon.errors import OptionError

LABELS = ["book", "phone", "food"]
TEXTS = [f"good book {i} {'very ' * (i % 5)}" for i in range(150)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    rows = [f"{i},{text},shop {i % 3}" for i, text in enumerate(TEXTS)]
    path.write_text("\n".join(["id,text,shop", *rows]) + "\n")
    return path


def similar(bundle: Path, *words: str) -> int:
    return main(["similar", str(bundle), "--labels", ",".join(LABELS), *words])


def cosines(bundle: Path) -> FloatMatrix:
    return claxon.Classifier.from_labels(claxon.Encoder.load(bundle), LABELS).similarity(TEXTS)


@pytest.mark.parametrize(("suffix", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_a_table_has_the_keys_and_a_column_a_label(
    tiny_bundle: Path, source: Path, tmp_path: Path, suffix: str, delimiter: str
) -> None:
    out, matrix = tmp_path / "out.csv", tmp_path / f"matrix.{suffix}"
    assert similar(tiny_bundle, str(source), "-o", str(out), "--matrix", str(matrix)) == 0
    with matrix.open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=delimiter))
    assert list(rows[0]) == ["id", "shop", *LABELS]
    assert [row["id"] for row in rows] == [str(i) for i in range(len(TEXTS))]
    found = np.array([[row[label] for label in LABELS] for row in rows], np.float32)
    np.testing.assert_allclose(found, cosines(tiny_bundle), atol=1e-6)
    with out.open(newline="") as stream:
        labels = [row["predicted_label"] for row in csv.DictReader(stream)]
    assert labels == [LABELS[column] for column in found.argmax(axis=1)]


def test_an_array(tiny_bundle: Path, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    matrix = tmp_path / "matrix.npy"
    assert similar(tiny_bundle, str(source), "--matrix", str(matrix), "--temperature", "0.05") == 0
    np.testing.assert_allclose(np.load(matrix), cosines(tiny_bundle), atol=1e-6)
    assert len(capsys.readouterr().out.splitlines()) == len(TEXTS) + 1


def test_json_lines_nest_the_cosines(tiny_bundle: Path, source: Path, tmp_path: Path) -> None:
    matrix = tmp_path / "matrix.jsonl"
    words = [str(source), "-o", str(tmp_path / "out.csv"), "--matrix", str(matrix), "--prefix", "x_"]
    assert similar(tiny_bundle, *words) == 0
    rows = [json.loads(line) for line in matrix.read_text().splitlines()]
    assert list(rows[0]) == ["id", "shop", "x_similarity"]
    found = np.array([[row["x_similarity"][label] for label in LABELS] for row in rows], np.float32)
    np.testing.assert_allclose(found, cosines(tiny_bundle), atol=1e-6)


def test_where_the_text_is_all_there_is_it_is_the_key(tiny_bundle: Path, tmp_path: Path) -> None:
    matrix = tmp_path / "matrix.csv"
    assert similar(tiny_bundle, "--matrix", str(matrix), "--texts", "good book", "bad phone") == 0
    with matrix.open(newline="") as stream:
        assert [row["text"] for row in csv.DictReader(stream)] == ["good book", "bad phone"]


def test_a_failure_leaves_neither_file(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\n{"text": 1}\n')
    words = [str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.csv"), "--matrix", str(tmp_path / "matrix.npy")]
    assert similar(tiny_bundle, *words) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_a_label_with_the_name_of_a_column_is_told_the_way_out(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_text("text,book\ngood,1\n")
    words = [str(tmp_path / "in.csv"), "--matrix", str(tmp_path / "matrix.csv")]
    assert similar(tiny_bundle, *words) == 2
    assert "a column 'book' already; add for instance --prefix" in capsys.readouterr().err
    assert similar(tiny_bundle, *words, "--prefix", "x_") == 0


@pytest.mark.parametrize("target", ["-", "matrix.parquet", "matrix", "matrix.txt"])
def test_a_file_of_a_known_kind_is_needed(target: str) -> None:
    with pytest.raises(OptionError, match=r"end in one of \.csv, \.tsv, \.jsonl, \.npy"):
        matrix_format(target, "-")


def test_labels_and_matrix_are_two_files(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with pytest.raises(OptionError, match="are the same file"):
        matrix_format(str(path), str(tmp_path / "." / "out.csv"))
    assert matrix_format(str(path), "-") is MatrixFormat.CSV


def test_no_matrix_is_written_unless_requested() -> None:
    nothing = NoMatrix()
    nothing.write([], np.empty((0, 2), np.float32))
    nothing.finish()


def test_a_row_without_a_text_has_no_cosines(tiny_bundle: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": 1, "text": "good book"}\n{"id": 2, "text": 5}\n')
    words = [str(source), "--errors", "record", "-o", str(tmp_path / "out.jsonl")]
    for suffix in ("jsonl", "csv", "npy"):
        assert similar(tiny_bundle, *words, "--matrix", str(tmp_path / f"matrix.{suffix}"), "-q") == 0
    first, second = (json.loads(line)["similarity"] for line in (tmp_path / "matrix.jsonl").read_text().splitlines())
    assert all(isinstance(value, float) for value in first.values())
    assert set(second.values()) == {None}
    assert (tmp_path / "matrix.csv").read_text().splitlines()[2] == "2,,,"
    assert np.isnan(np.load(tmp_path / "matrix.npy")).all(axis=1).tolist() == [False, True]
