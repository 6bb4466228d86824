from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import claxon
from claxon.bundle.manifest import Feature
from claxon.cli.commands.embed import NPYWriter
from claxon.cli.main import main
from claxon.encoder.features import Features

TEXTS = [f"good book {i} {'very ' * (i % 5)}" for i in range(200)]


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.txt"
    path.write_text("\n".join(TEXTS) + "\n")
    return path


def test_an_array_of_every_row_in_order(tiny_bundle: Path, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.npy"
    assert main(["embed", str(tiny_bundle), str(source), "-o", str(out)]) == 0
    found = np.load(out)
    assert (found.dtype, found.shape) == (np.float32, (200, 32))
    np.testing.assert_allclose(found, claxon.Encoder.load(tiny_bundle).encode(TEXTS), atol=1e-6)


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65])
def test_the_header_has_the_number_of_rows(tiny_bundle: Path, tmp_path: Path, n: int) -> None:
    source, out = tmp_path / "in.txt", tmp_path / "out.npy"
    source.write_text("a\n" * n)
    assert main(["embed", str(tiny_bundle), str(source), "-o", str(out)]) == 0
    assert np.load(out).shape == (n, 32)


def test_json_lines_by_default(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["embed", str(tiny_bundle), "--feature", "mean", "--prefix", "x_", "--texts", "good", "bad " * 60]) == 0
    captured = capsys.readouterr()
    short, long = (json.loads(line) for line in captured.out.splitlines())
    assert list(short) == ["text", "x_embedding"]
    assert long["x_truncated"] is True
    assert "1 of 2 texts were truncated" in captured.err
    expected = claxon.Encoder.load(tiny_bundle).encode(["good"], feature="mean")[0]
    np.testing.assert_allclose(np.array(short["x_embedding"], np.float32), expected, atol=1e-6)


def test_a_failure_leaves_no_file(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "a"}\n{"text": 1}\n')
    words = ["embed", str(tiny_bundle), str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.npy")]
    assert main(words) == 1
    assert names_in(tmp_path) == ["in.jsonl"]


def test_an_array_needs_a_file(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["embed", str(tiny_bundle), "--texts", "a", "--output-format", "npy"]) == 2
    assert "-o FILE.npy" in capsys.readouterr().err


def test_a_classifier_without_an_embedding_says_what_there_is(
    tiny_classifier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claxon_export = pytest.importorskip("claxon_export")
    claxon_export.export(tiny_classifier, tmp_path / "bundle")
    assert main(["embed", str(tmp_path / "bundle"), "--texts", "a"]) == 2
    assert "give --feature (feature=), one of cls, mean" in capsys.readouterr().err
    assert main(["embed", str(tmp_path / "bundle"), "--texts", "a", "--feature", "embedding"]) == 2


def test_rows_without_a_text_are_recorded(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.npy"
    source.write_text('{"text": "good"}\n{"text": 3}\n{"text": "bad"}\n')
    words = ["embed", str(tiny_bundle), str(source)]
    assert main([*words, "-o", str(out), "--errors", "record"]) == 0
    assert "claxon: 1 row without a result, the first: " in capsys.readouterr().err
    assert np.isnan(np.load(out)).all(axis=1).tolist() == [False, True, False]
    assert main([*words, "--errors", "record"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["error" in row for row in found] == ["embedding" not in row for row in found] == [False, True, False]


def test_a_column_of_the_name_error_is_only_in_the_way_where_errors_are_recorded(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "good", "error": "none"}\n')
    assert main(["embed", str(tiny_bundle), str(source)]) == 0
    assert main(["embed", str(tiny_bundle), str(source), "--errors", "record"]) == 2
    assert "column 'error' already" in capsys.readouterr().err


def test_an_array_is_written_of_features_that_stay_as_they_are(tmp_path: Path) -> None:
    values = np.ones((2, 3), np.float32)
    features = Features({Feature.MEAN: values}, np.array([3, 2]), np.array([False, False]))
    with (tmp_path / "out.npy").open("wb") as stream:
        writer = NPYWriter(stream, Feature.MEAN, 3)
        writer.write([], features, {1: "is no text"})
        writer.finish()
    assert np.isfinite(values).all()
    assert np.isnan(np.load(tmp_path / "out.npy")).all(axis=1).tolist() == [False, True]
