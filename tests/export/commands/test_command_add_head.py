from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import claxon
from claxon.cli.main import main

joblib = pytest.importorskip("joblib")


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
    result = claxon.load(copied_bundle, head="own").predict_proba(["good book"])
    np.testing.assert_allclose(result, estimator.predict_proba(features[:1]), atol=1e-5)


def test_a_pickle_that_is_none(copied_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "head.joblib"
    path.write_bytes(b"not a pickle")
    words = ["add-head", str(copied_bundle), "--name", "own", "--trust-pickle", "--estimator"]
    assert main([*words, str(path)]) == 1
    assert "cannot be opened with joblib" in capsys.readouterr().err
    assert main([*words, str(tmp_path / "none.joblib")]) == 1
    assert "none.joblib: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--template", "{label}!"], ["--precision", "fp32"]])
def test_options_of_labels_go_with_labels(
    copied_bundle: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["add-head", str(copied_bundle), "--name", "own", "--estimator", "x.joblib", *words]) == 2
    assert "not with --estimator" in capsys.readouterr().err


def test_a_feature_that_labels_have_not_is_refused(copied_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add-head", str(copied_bundle), "--name", "own", "--labels", "a,b", "--feature", "cls"]) == 2
    assert "labels are compared with 'embedding'" in capsys.readouterr().err
