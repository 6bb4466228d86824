"""Labeled texts become a head: what is learned and held out, and kinds of labels."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression

import claxon
from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature, HeadKind, LabelValue
from claxon_export.data.labelled import LabelledTexts
from claxon_export.training.features import Encoded
from claxon_export.training.fitting import fit, fit_features
from claxon_export.training.options import FitOptions
from claxon_export.training.rows import TrainingTexts
from tests.training import TARGETS, TEXTS, encoded, fit_words

# A solution whose gradient is 1e-5 against scikit-learn's own, fitted until it hardly moves.
TOLERANCE = 2e-4
EXACT: dict[str, Any] = {"max_iter": 10_000, "tol": 1e-9}


@pytest.mark.parametrize("feature", [Feature.CLS, Feature.MEAN, Feature.EMBEDDING])
@pytest.mark.parametrize("options", [{}, {"C": 0.1}, {"C": 30.0}, {"class_weight": "balanced"}])
def test_head_says_what_scikit_learn_says_on_the_same_features(
    bundle: Path, feature: Feature, options: dict[str, Any]
) -> None:
    fit_words(bundle, feature=feature, test_size=0, **options)
    features = encoded(bundle, TEXTS, feature)
    estimator = LogisticRegression(**EXACT, **options).fit(features.astype(float), TARGETS)
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
    estimator = LogisticRegression(**EXACT).fit(features[train].astype(float), targets[train])
    assert report.accuracy == pytest.approx(estimator.score(features[test], targets[test]))
    result = claxon.load(bundle).predict_proba(TEXTS)
    np.testing.assert_allclose(result, estimator.predict_proba(features), rtol=0, atol=TOLERANCE)


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
        "claxon": claxon.__version__,
        "scikit_learn": sklearn.__version__,
        "rows": 40,
        "skipped_rows": 0,
        "classes": 2,
        "class_counts": "bad 20, good 20",
        "C_by": "choice",
        "class_weight": "none",
        "calibration": "none",
        "precision": "fp32",
        "device": "cpu",
    }
    assert "data" not in spec.details
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
    with pytest.warns(UserWarning, match="stopped after 1 steps before it converged; use a larger max_iter") as caught:
        fit(bundle, TEXTS, TARGETS, head="mood", max_iter=1, C=1000.0)
    assert [Path(warning.filename).name for warning in caught] == ["test_fitting.py"]
    assert claxon.load(bundle).labels == ("bad", "good")


def test_long_texts_are_cut_without_a_warning(bundle: Path) -> None:
    long = [f"{text} " * 30 for text in TEXTS]
    assert fit(bundle, long, TARGETS, head="mood").n_train == 32


def test_labels_that_are_odd_are_learnt_with_a_warning(bundle: Path) -> None:
    targets = ["single", "Good", *TARGETS[2:]]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        report = fit(bundle, [*TEXTS[:-1], " "], targets, head="mood")
    result = [str(warning.message) for warning in told]
    assert [Path(warning.filename).name for warning in told] == ["test_fitting.py"] * 3
    assert "of 40 rows, 1 without text (row 39) was left out" in result[0]
    assert "only seen once: 'single' (row 0), 'Good' (row 1); used for training only" in result[1]
    assert "labels that differ only by case or white space are treated as different: 'Good' and 'good'" in result[2]
    assert report.labels == ("Good", "bad", "good", "single")
    assert report.n_skipped == 1
    assert report.notices == tuple(result[1:])


def test_the_strength_is_chosen_and_said(bundle: Path) -> None:
    report = fit_words(bundle, C="auto")
    assert report.search is not None
    assert report.C == report.search.best.C
    (spec,) = report.bundle.manifest.heads
    assert (spec.details["C_by"], spec.details["feature_by"]) == ("cross-validation", "choice")
    assert spec.details["C"] == report.C


def test_the_feature_is_chosen_among_all(bundle: Path) -> None:
    report = fit_words(bundle, feature="auto")
    assert report.search is not None
    assert {(tried.feature, tried.C) for tried in report.search.candidates} == {
        (name, 1.0) for name in (Feature.CLS, Feature.MEAN, Feature.EMBEDDING)
    }
    assert report.feature == report.search.best.feature == report.bundle.manifest.heads[0].feature
    details = report.bundle.manifest.heads[0].details
    assert (details["C_by"], details["feature_by"]) == ("choice", "cross-validation")


def test_a_calibrated_head_is_a_plain_one_with_other_coefficients(bundle: Path, exported: Path, tmp_path: Path) -> None:
    plain = Path(shutil.copytree(exported, tmp_path / "plain"))
    before, after = fit_words(plain), fit_words(bundle, calibrate=True)
    assert after.calibration is not None
    assert after.uncalibrated == before.scores
    first, second = (claxon.load(path).predict_proba(TEXTS)[:, 1].astype(float) for path in (plain, bundle))
    expected = after.calibration.factor * np.log(first / (1 - first)) + after.calibration.shift
    np.testing.assert_allclose(np.log(second / (1 - second)), expected, rtol=0, atol=1e-4)
    details = after.bundle.manifest.heads[0].details
    assert details["calibration"] == "platt"
    assert details["calibration_factor"] == after.calibration.factor
    assert details["held_out_log_loss"] != before.bundle.manifest.heads[0].details["held_out_log_loss"]


def test_the_curve_ends_with_the_head_itself(bundle: Path) -> None:
    report = fit_words(bundle, few_shot=4)
    assert report.curve is not None
    assert [point.per_label for point in report.curve.points] == [1, 2, 4, None]
    assert report.curve.points[-1].accuracy == report.accuracy


def test_the_encoder_runs_as_it_is_asked_to(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requested: list[dict[str, Any]] = []
    load = claxon.Encoder.from_bundle

    def noted(bundle: Bundle, **how: Any) -> claxon.Encoder:
        requested.append(how)
        return load(bundle, **how)

    monkeypatch.setattr(claxon.Encoder, "from_bundle", noted)
    report = fit_words(bundle, precision="fp32", device="cpu", threads=1)
    assert requested == [{"precision": "fp32", "device": "cpu", "threads": 1}]
    assert (report.precision, report.device) == ("fp32", "cpu")


def test_one_text_a_label_leaves_nothing_to_choose_by(bundle: Path) -> None:
    options: dict[str, Any] = {"head": "mood", "test_size": 0, "C": "auto", "calibrate": True}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        report = fit(bundle, ["great", "awful"], ["good", "bad"], **options)
    result = [str(warning.message) for warning in told]
    assert any("nothing could be compared: embedding and C=1 were taken" in message for message in result)
    assert any("nothing could be calibrated" in message for message in result)
    assert (report.C, report.search, report.calibration) == (1.0, None, None)


def test_what_is_given_beside_is_kept(bundle: Path) -> None:
    opened, options = Bundle.open(bundle), FitOptions("mood", test_size=0)
    texts = TrainingTexts.from_labelled(LabelledTexts.of(TEXTS, TARGETS), options)
    features = Encoded({Feature.EMBEDDING: encoded(bundle, TEXTS)}, "fp32", "cpu")
    (spec,) = fit_features(opened, texts, features, options, {"note": "by hand"}).bundle.manifest.heads
    assert (spec.details["note"], spec.details["training_texts"]) == ("by hand", 40)
