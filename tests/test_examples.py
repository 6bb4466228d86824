"""Every example runs as it stands, on a small bundle and a small file."""

from __future__ import annotations

import runpy
import shutil
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import claxon
import claxon_export
from tests.texts import REVIEWS

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with one head, which need not be named."""
    copied = Path(shutil.copytree(tiny_bundle, tmp_path_factory.mktemp("bundle") / "one-head"))
    claxon_export.remove_head(copied, "topic")
    return copied


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    path.write_text("review\n" + "".join(f'"{text}"\n' for text in REVIEWS))
    return path


def run(name: str, monkeypatch: pytest.MonkeyPatch, *words: object) -> None:
    monkeypatch.setattr("sys.argv", [name, *map(str, words)])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")


def labels_of(folder: Path) -> dict[str, str]:
    table = pq.read_table(folder)
    return dict(zip(table["review"].to_pylist(), table["predicted_label"].to_pylist(), strict=True))


def expected(bundle: Path) -> dict[str, str]:
    labels = claxon.load(bundle, threads=1).predict(list(REVIEWS)).tolist()
    return dict(zip(REVIEWS, labels, strict=True))


def test_features_and_logistic_regression(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, picture = tmp_path / "train.csv", tmp_path / "map.png"
    pd.DataFrame({"review": list(REVIEWS) * 3, "stars": list(REVIEWS.values()) * 3}).to_csv(data, index=False)
    run(
        "features_and_logistic_regression.py", monkeypatch, bundle, data, data, "--text", "review", "--label", "stars",
        "--map", picture,
    )  # fmt: skip
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"features of shape ({3 * len(REVIEWS)}, ")
    majority = max(list(REVIEWS.values()).count(label) for label in set(REVIEWS.values())) / len(REVIEWS)
    assert f"most frequent label: accuracy {majority:.3f}" in lines
    trained = next(line for line in lines if line.startswith("LogisticRegression"))
    assert float(trained.split()[-1]) > majority
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_label_similarity(
    bundle: Path, texts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, names = texts.with_name("labelled.csv"), ["good book", "bad phone"]
    run(
        "label_similarity.py", monkeypatch, bundle, texts, out, "--text", "review", "--labels", ",".join(names),
        "--cosines",
    )  # fmt: skip
    table = pd.read_csv(out)
    classifier = claxon.Classifier.from_labels(claxon.Encoder.load(bundle, threads=1), names)
    assert table["review"].tolist() == list(REVIEWS), "the input's column comes back"
    assert table["predicted_label"].tolist() == classifier.predict(list(REVIEWS)).tolist()
    assert table["similarity"].tolist() == pytest.approx(table[[f"similarity_{name}" for name in names]].max(axis=1))
    assert table["similarity"].tolist() == pytest.approx(classifier.similarity(list(REVIEWS)).max(axis=1), abs=1e-5)
    counted = [line.rsplit(maxsplit=1) for line in capsys.readouterr().out.splitlines()[1:]]
    assert {label: int(count) for label, count in counted} == table["predicted_label"].value_counts().to_dict()


def test_ray_dataset(
    local_ray: Any, bundle: Path, texts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = texts.with_name("labelled")
    run("ray_dataset.py", monkeypatch, bundle, texts, out, "--text", "review")
    assert labels_of(out) == expected(bundle)
    assert f"{len(REVIEWS)} rows in {out}" in capsys.readouterr().out


def test_ray_job(
    local_ray: Any, bundle: Path, texts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = texts.with_name("labelled")
    for before in (0, 1):
        run("ray_job.py", monkeypatch, bundle, texts, out, "--text", "review", "--workers", "1")
        assert capsys.readouterr().out.splitlines() == [
            f"8 of 8 rows are labelled, {before} of 1 shards before",
            "nothing is missing, nothing is there twice",
        ]
    assert labels_of(out / "parts") == expected(bundle)


def test_spark_dataframe(
    local_spark: Any, bundle: Path, texts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = texts.with_name("labelled")
    with warnings.catch_warnings():  # pyspark 4.3 warns of pandas 3 wherever it wraps a function
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        run("spark_dataframe.py", monkeypatch, bundle, texts, out, "--text", "review")
    found = expected(bundle)
    assert labels_of(out) == found
    counts = {label: list(found.values()).count(label) for label in set(found.values())}
    assert dict(line.split()[::-1] for line in capsys.readouterr().out.splitlines()) == {
        label: str(count) for label, count in counts.items()
    }


def test_every_example_is_tried() -> None:
    tried = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {path.stem for path in EXAMPLES.glob("*.py")} <= tried
