from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import claxon
import claxon_export
from claxon import cli
from claxon.cli import main
from claxon_export.errors import ParityError

joblib = pytest.importorskip("joblib")

NAMES = {"export": "EXPORT", "add-head": "ADD_HEAD", "fit": "FIT", "demo": "DEMO"}


@pytest.fixture(autouse=True)
def commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry points as the distribution declares them, whether it is installed or not."""

    def entry_points(group: str, name: str | None = None) -> list[EntryPoint]:
        declared = [EntryPoint(known, f"claxon_export.cli:{NAMES[known]}", group) for known in NAMES]
        return [entry for entry in declared if name in (None, entry.name)]

    monkeypatch.setattr(cli, "entry_points", entry_points)


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    rows = [f"{'good' if i % 2 else 'bad'} book {i},{'pos' if i % 2 else 'neg'}" for i in range(20)]
    path.write_text("\n".join(["text,label", *rows]) + "\n")
    return path


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: claxon {name}")


def test_export_writes_a_bundle_and_says_how_far_it_is(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("a good book\nthe phone broke\n")
    out = tmp_path / "bundle"
    assert main(["export", str(tiny_checkpoint), str(out), "--max-tokens", "32", "--texts", str(texts)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{out}  ")
    assert "on 66 texts" in shown
    assert "max difference" in shown
    assert claxon.Bundle.open(out).manifest.encoder.max_tokens == 32
    assert main(["export", str(tiny_checkpoint), str(out)]) == 1
    assert main(["export", str(tiny_checkpoint), str(out), "--force", "--no-verify"]) == 0
    assert "not verified" in capsys.readouterr().out


def test_a_bundle_that_differs_is_shown_and_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def export(*_: object, **__: object) -> None:
        report: Any = "64 texts against torch\n  row 3 differs"
        raise ParityError("differs", report)

    monkeypatch.setattr(claxon_export, "export", export, raising=False)
    assert main(["export", "a/b", str(tmp_path / "out")]) == 1
    err = capsys.readouterr().err
    assert "  row 3 differs\n" in err
    assert err.endswith("nothing was written\n")


@pytest.mark.parametrize(
    "words",
    [["export", "a"], ["export", "a", "b", "--pooling", "max"], ["fit", "b", "d"], ["add-head", "b", "--name", "x"]],
)
def test_words_that_are_off_end_with_two(words: list[str]) -> None:
    assert main(words) == 2


def test_label_names_become_a_head(copied_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["add-head", str(copied_bundle), "--name", "mood", "--labels", "good,bad"]
    assert main([*words, "--template", "it was {label} .", "--temperature", "0.1"]) == 0
    assert f"claxon predict {copied_bundle} --head mood" in capsys.readouterr().out
    probabilities = claxon.load(copied_bundle, head="mood").predict_proba(["great book"])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert main(words) == 1
    assert main([*words, "--force"]) == 0


def test_a_pickle_is_opened_only_when_it_is_trusted(
    copied_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    features = claxon.Encoder.load(copied_bundle).encode(["good book", "bad book", "great", "awful"])
    estimator = LogisticRegression().fit(features, ["pos", "neg", "pos", "neg"])
    path = tmp_path / "head.joblib"
    joblib.dump(estimator, path)
    words = ["add-head", str(copied_bundle), "--name", "own", "--estimator", str(path)]
    assert main(words) == 2
    assert "--trust-pickle" in capsys.readouterr().err
    assert main([*words, "--trust-pickle", "--temperature", "1"]) == 2
    assert main([*words, "--trust-pickle"]) == 0
    found = claxon.load(copied_bundle, head="own").predict_proba(["good book"])
    np.testing.assert_allclose(found, estimator.predict_proba(features[:1]), atol=1e-5)


def test_a_pickle_that_is_none(copied_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "head.joblib"
    path.write_bytes(b"not a pickle")
    words = ["add-head", str(copied_bundle), "--name", "own", "--trust-pickle", "--estimator"]
    assert main([*words, str(path)]) == 1
    assert "cannot be opened with joblib" in capsys.readouterr().err
    assert main([*words, str(tmp_path / "none.joblib")]) == 1
    assert "none.joblib: No such file" in capsys.readouterr().err


def test_fit_says_how_good_the_head_is(copied_bundle: Path, reviews: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["fit", str(copied_bundle), str(reviews), "--head", "own", "--seed", "1"]
    assert main([*words, "--feature", "mean", "--C", "10", "--class-weight", "balanced", "--test-size", "0.5"]) == 0
    shown = capsys.readouterr().out
    assert "fitted    on 10 texts" in shown
    assert "on 10 texts held out" in shown
    assert "baseline  0.500" in shown
    head = claxon.load(copied_bundle, head="own")
    assert head.labels == ("neg", "pos")
    assert head.heads["own"].feature == "mean"


def test_labels_of_json_lines_keep_their_type(copied_bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"review": f"good {i}", "stars": i % 3} for i in range(12)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["fit", str(copied_bundle), str(path), "--head", "stars", "--text", "review", "--label", "stars"]
    assert main([*words, "--test-size", "0"]) == 0
    assert claxon.load(copied_bundle, head="stars").labels == (0, 1, 2)


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        ("text,mood\na,b\n", 2, "no column 'label'; choose one with --label: text, mood"),
        ("text,label\na,x\nb,\n", 1, "line 3 has no label"),
        ("text,label\na,x\nb,x\n", 1, "two or more"),
    ],
)
def test_rows_that_cannot_train(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, code: int, message: str
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content)
    assert main(["fit", str(tiny_bundle), str(path), "--head", "own"]) == code
    assert message in capsys.readouterr().err


def test_plain_lines_have_no_labels(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.txt"
    path.write_text("a\n")
    assert main(["fit", str(tiny_bundle), str(path), "--head", "own"]) == 2
    assert "--format csv" in capsys.readouterr().err


def test_the_demo_is_run_where_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, bool]] = []
    demo = pytest.importorskip("claxon_export.demo")
    monkeypatch.setattr(demo, "run", lambda folder, *, offline: calls.append((str(folder), offline)))
    assert main(["demo"]) == 0
    assert main(["demo", "here", "--offline"]) == 0
    assert calls == [("demo", False), ("here", True)]


def test_the_module_imports_nothing_heavy() -> None:
    code = "import sys, claxon_export.cli; print(sorted({'onnx', 'sklearn', 'torch', 'joblib'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.stdout == "[]\n"
