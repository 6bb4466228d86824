"""Labelled texts become a head: what is learnt and held out, and kinds of labels."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import claxon
from claxon.bundle import Bundle
from claxon.manifest import Feature, HeadKind, LabelValue
from claxon_export.labelled import LabelledTexts
from claxon_export.training.fitting import fit
from tests.training import TARGETS, TEXTS, encoded, fit_words

# A head in float32 against scikit-learn's own probabilities.
TOLERANCE = 1e-5


@pytest.mark.parametrize("feature", Feature)
@pytest.mark.parametrize("options", [{}, {"C": 0.1}, {"class_weight": "balanced"}])
def test_head_says_what_scikit_learn_says_on_the_same_features(
    bundle: Path, feature: Feature, options: dict[str, Any]
) -> None:
    fit_words(bundle, feature=feature, test_size=0, **options)
    features = encoded(bundle, TEXTS, feature)
    estimator = LogisticRegression(max_iter=1000, **options).fit(features, TARGETS)
    classifier = claxon.load(bundle, head="mood")
    expected = estimator.predict_proba(features)
    np.testing.assert_allclose(classifier.predict_proba(TEXTS), expected, rtol=0, atol=TOLERANCE)
    assert classifier.predict(TEXTS).tolist() == estimator.predict(features).tolist()


def test_report_says_what_was_fitted(bundle: Path) -> None:
    report = fit_words(bundle)
    assert (report.head, report.feature, report.labels) == ("mood", Feature.EMBEDDING, ("bad", "good"))
    assert (report.n_train, report.n_test) == (32, 8)
    assert report.bundle.digest == Bundle.open(bundle).digest
    assert report.accuracy is not None
    assert report.baseline_accuracy == 0.5


def test_accuracy_is_that_of_scikit_learn_on_the_held_out_texts(bundle: Path) -> None:
    from sklearn.model_selection import train_test_split

    report = fit_words(bundle, test_size=0.3, seed=7)
    features = encoded(bundle, TEXTS)
    rows = np.arange(len(TEXTS))
    train, test = train_test_split(rows, test_size=12, random_state=7, stratify=TARGETS)
    targets = np.array(TARGETS)
    estimator = LogisticRegression(max_iter=1000).fit(features[train], targets[train])
    assert report.accuracy == pytest.approx(estimator.score(features[test], targets[test]))
    found = claxon.load(bundle).predict_proba(TEXTS)
    np.testing.assert_allclose(found, estimator.predict_proba(features), rtol=0, atol=TOLERANCE)


def test_held_out_texts_are_not_learnt_from(bundle: Path, exported: Path, tmp_path: Path) -> None:
    whole = Path(shutil.copytree(exported, tmp_path / "whole"))
    fit_words(bundle)
    fit_words(whole, test_size=0)
    assert Bundle.open(bundle).manifest.files["heads/mood.onnx"] != Bundle.open(whole).manifest.files["heads/mood.onnx"]


def test_labels_keep_their_shares_among_the_held_out(bundle: Path) -> None:
    targets = ["rare"] * 8 + ["common"] * 32
    report = fit(bundle, TEXTS, targets, head="mood", test_size=0.25)
    assert report.n_test == 10
    assert report.baseline_accuracy == pytest.approx(0.8)


def test_details_are_recorded(bundle: Path) -> None:
    report = fit_words(bundle, seed=3, C=0.5)
    (spec,) = report.bundle.manifest.heads
    assert spec.kind is HeadKind.LOGISTIC
    expected: dict[str, LabelValue] = {
        "training_texts": 32,
        "held_out_texts": 8,
        "seed": 3,
        "C": 0.5,
        "data_sha256": LabelledTexts.of(TEXTS, TARGETS).sha256,
        "held_out_accuracy": report.accuracy or 0.0,
        "baseline_accuracy": 0.5,
    }
    assert expected.items() <= spec.details.items()
    assert spec.parity is not None


def test_nothing_held_out_has_no_figures(bundle: Path) -> None:
    report = fit_words(bundle, test_size=0)
    assert (report.n_train, report.n_test, report.accuracy, report.baseline_accuracy) == (40, 0, None, None)
    assert not {"held_out_accuracy", "baseline_accuracy"} & report.bundle.manifest.heads[0].details.keys()


def test_same_seed_gives_the_same_bundle_and_another_another(bundle: Path, exported: Path, tmp_path: Path) -> None:
    copies = [Path(shutil.copytree(exported, tmp_path / name)) for name in ("again", "other")]
    first = fit_words(bundle)
    assert fit_words(copies[0]).bundle.digest == first.bundle.digest
    assert fit_words(copies[1], seed=1).bundle.digest != first.bundle.digest


@pytest.mark.parametrize(
    ("targets", "labels"),
    [
        ([0] * 20 + [1] * 20, (0, 1)),
        ([5] * 10 + [-1] * 10 + [3] * 20, (-1, 3, 5)),
        ([True] * 20 + [False] * 20, (False, True)),
        (["b", "a"] * 20, ("a", "b")),
        (["ä", "日本"] * 20, ("ä", "日本")),
        (np.array([0, 1] * 20, np.int32), (0, 1)),
        (np.array(["x", "y"] * 20), ("x", "y")),
        (np.array([True, False] * 20), (False, True)),
        ((label for label in ["a", "b"] * 20), ("a", "b")),
    ],
    ids=["int", "ints", "bool", "str", "unicode", "int32", "numpy-str", "numpy-bool", "generator"],
)
def test_kinds_of_labels(bundle: Path, targets: Iterable[LabelValue], labels: tuple[LabelValue, ...]) -> None:
    report = fit(bundle, TEXTS, targets, head="mood")
    assert report.labels == labels
    assert [type(label) for label in report.labels] == [type(label) for label in labels]
    classifier = claxon.load(bundle)
    assert classifier.labels == labels
    assert set(classifier.predict(TEXTS).tolist()) <= set(labels)


def test_columns_of_data_frames(bundle: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"text": TEXTS, "label": TARGETS}, index=range(100, 140))
    assert fit(bundle, frame["text"], frame["label"], head="mood").labels == ("bad", "good")


def test_arrow_columns(bundle: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    report = fit(bundle, pyarrow.array(TEXTS), pyarrow.chunked_array([TARGETS[:7], TARGETS[7:]]), head="mood")
    assert report.labels == ("bad", "good")


def test_tiny_share_holds_one_text_out(bundle: Path) -> None:
    report = fit_words(bundle, test_size=0.02)
    assert (report.n_train, report.n_test) == (39, 1)
    assert report.accuracy in (0.0, 1.0)


def test_largest_seed(bundle: Path) -> None:
    assert fit_words(bundle, seed=(1 << 32) - 1).n_test == 8


def test_solver_that_stops_early_warns_the_caller(bundle: Path) -> None:
    with pytest.warns(UserWarning, match="stopped after 1 steps before it converged; give a larger max_iter") as caught:
        fit(bundle, TEXTS, TARGETS, head="mood", max_iter=1, C=1000.0)
    assert [Path(warning.filename).name for warning in caught] == ["test_fitting.py"]
    assert claxon.load(bundle).labels == ("bad", "good")


def test_long_texts_are_cut_without_a_warning(bundle: Path) -> None:
    long = [f"{text} " * 30 for text in TEXTS]
    assert fit(bundle, long, TARGETS, head="mood").n_train == 32
