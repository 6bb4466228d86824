"""Labelled texts become a head: what is learnt and held out, kinds of labels, and what cannot train one."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import claxon
from claxon.bundle import Bundle
from claxon.errors import BundleNotFoundError, InputError, OptionError
from claxon.manifest import Feature, HeadKind, LabelValue
from claxon_export.errors import HeadError, TrainingError
from claxon_export.exporting import export
from claxon_export.heads import estimators
from claxon_export.train import FitReport, fit
from tests.checkpoints import write_checkpoint

# A head in float32 against scikit-learn's own probabilities.
TOLERANCE = 1e-5
GOOD = ["great", "good", "love", "works"]
BAD = ["awful", "bad", "hate", "broke"]
THINGS = ["book", "phone", "film", "food", "room"]
TEXTS = [f"the {thing} is {word}" for word in [*GOOD, *BAD] for thing in THINGS]
TARGETS = ["good"] * 20 + ["bad"] * 20


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence encoder without heads; copied before it is changed."""
    folder = tmp_path_factory.mktemp("training")
    return export(write_checkpoint(folder / "source", "mpnet"), folder / "bundle", verify=False).path


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "bundle"))


def encoded(bundle: Path, texts: Iterable[str], feature: str = "embedding") -> np.ndarray[Any, Any]:
    with claxon.Encoder.load(bundle) as encoder:
        return encoder.encode(texts, feature=feature)


def fit_words(bundle: Path, **options: Any) -> FitReport:
    return fit(bundle, TEXTS, TARGETS, **({"head": "mood"} | options))


def assert_untouched(bundle: Path) -> None:
    assert Bundle.open(bundle).manifest.heads == ()


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
        "texts_sha256": hashlib.sha256("\0".join(TEXTS).encode()).hexdigest(),
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


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("", "row 3 has an empty label; label it, or leave it out"),
        (None, r"row 3 has the label None \(NoneType\), expected str, int or bool"),
        (float("nan"), r"row 3 has the label nan \(float\)"),
        (1.5, r"row 3 has the label 1\.5 \(float\)"),
        (b"good", r"row 3 has the label b'good' \(bytes\)"),
        (("good",), r"row 3 has the label \('good',\) \(tuple\)"),
        (1, "labels are of several types, int, str; expected one"),
    ],
)
def test_label_that_is_none_names_its_row(bundle: Path, label: Any, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        fit(bundle, TEXTS, [*TARGETS[:3], label, *TARGETS[4:]], head="mood")
    assert_untouched(bundle)


def test_text_that_is_none_names_its_row(bundle: Path) -> None:
    with pytest.raises(InputError, match="row 2 is NoneType"):
        fit(bundle, ["a", "b", None, "c"], ["x", "y", "x", "y"], head="mood")  # type: ignore[list-item]


@pytest.mark.parametrize(("texts", "labels"), [(40, 39), (39, 40), (0, 40), (40, 0)])
def test_counts_that_differ(bundle: Path, texts: int, labels: int) -> None:
    with pytest.raises(TrainingError, match=f"{texts} texts and {labels} labels; expected one label a text"):
        fit(bundle, TEXTS[:texts], TARGETS[:labels], head="mood")


@pytest.mark.parametrize(("rows", "found"), [(20, 1), (0, 0)])
def test_one_label_is_too_few(bundle: Path, rows: int, found: int) -> None:
    with pytest.raises(TrainingError, match=rf"found {found} label\(s\) in {rows} texts, expected two or more"):
        fit(bundle, TEXTS[:rows], TARGETS[:rows], head="mood")
    assert_untouched(bundle)


@pytest.mark.parametrize(("rows", "test_size"), [([0, 39], 0.2), ([0, 39], 0.5), ([0, 1, 39], 0.9), ([0, 39], 0.1)])
def test_too_few_texts_to_hold_some_out(bundle: Path, rows: list[int], test_size: float) -> None:
    texts, targets = [TEXTS[row] for row in rows], [TARGETS[row] for row in rows]
    with pytest.raises(TrainingError, match=rf"{len(rows)} texts are too few to hold out {test_size:.0%}"):
        fit(bundle, texts, targets, head="mood", test_size=test_size)
    assert fit(bundle, texts, targets, head="mood", test_size=0).labels == ("bad", "good")


def test_tiny_share_holds_one_text_out(bundle: Path) -> None:
    report = fit_words(bundle, test_size=0.02)
    assert (report.n_train, report.n_test) == (39, 1)
    assert report.accuracy in (0.0, 1.0)


def test_label_of_one_text_is_learnt_or_an_error_says_that_it_was_held_out(exported: Path, tmp_path: Path) -> None:
    targets = ["single", *TARGETS[1:]]
    outcomes = Counter[str]()
    for seed in range(8):
        bundle = Path(shutil.copytree(exported, tmp_path / str(seed)))
        try:
            assert "single" in fit(bundle, TEXTS, targets, head="mood", test_size=0.4, seed=seed).labels
            outcomes["learnt"] += 1
        except TrainingError as error:
            assert "every text with the label 'single' was held out" in str(error)  # noqa: PT017
            assert_untouched(bundle)
            outcomes["held out"] += 1
    assert outcomes.keys() == {"learnt", "held out"}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"test_size": 1.0}, "test_size is 1.0, expected 0 or more and below 1"),
        ({"test_size": -0.1}, "test_size is -0.1"),
        ({"test_size": float("nan")}, "test_size is nan"),
        ({"C": 0.0}, "C is 0.0, expected above 0"),
        ({"C": float("nan")}, "C is nan"),
        ({"max_iter": 0}, "max_iter is 0, expected 1 or more"),
        ({"seed": -1}, "seed is -1, expected 0 to 4294967295"),
        ({"seed": 1 << 32}, "seed is 4294967296"),
        ({"class_weight": "equal"}, "class_weight is 'equal', expected None or 'balanced'"),
        ({"feature": "max"}, "no feature 'max'"),
        ({"head": "a/b"}, "head name 'a/b'"),
    ],
)
def test_option_that_cannot_be_met(bundle: Path, option: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        fit_words(bundle, **option)
    assert_untouched(bundle)


def test_largest_seed(bundle: Path) -> None:
    assert fit_words(bundle, seed=(1 << 32) - 1).n_test == 8


def test_taken_name_needs_force(bundle: Path) -> None:
    first = fit_words(bundle)
    with pytest.raises(HeadError, match="has a head 'mood'; give --force"):
        fit_words(bundle)
    second = fit_words(bundle, C=0.01, force=True)
    assert second.bundle.digest != first.bundle.digest
    assert len(second.bundle.manifest.heads) == 1


def test_taken_name_is_found_before_anything_is_encoded(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit_words(bundle)
    monkeypatch.setattr(claxon.Encoder, "from_bundle", lambda *_: pytest.fail("the encoder was loaded"))
    with pytest.raises(HeadError):
        fit_words(bundle)


def test_solver_that_stops_early_warns_the_caller(bundle: Path) -> None:
    with pytest.warns(UserWarning, match="stopped after 1 steps before it converged; give a larger max_iter") as caught:
        fit_words(bundle, max_iter=1, C=1000.0)
    assert [Path(warning.filename).name for warning in caught] == ["test_train.py"]
    assert claxon.load(bundle).labels == ("bad", "good")


def test_error_of_scikit_learn_is_a_training_error(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("Unknown label type")

    monkeypatch.setattr(LogisticRegression, "fit", refuse)
    with pytest.raises(TrainingError, match="scikit-learn cannot fit the labels: Unknown label type"):
        fit_words(bundle)
    assert_untouched(bundle)


def test_no_bundle_there(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFoundError):
        fit_words(tmp_path)


def test_bundle_without_embedding_wants_a_feature(tiny_classifier: Path, tmp_path: Path) -> None:
    plain = export(tiny_classifier, tmp_path / "plain", verify=False)
    with pytest.raises(OptionError, match="no sentence embedding; give --feature"):
        fit_words(plain.path)
    assert fit_words(plain.path, feature="cls").feature is Feature.CLS


def test_long_texts_are_cut_without_a_warning(bundle: Path) -> None:
    long = [f"{text} " * 30 for text in TEXTS]
    assert fit(bundle, long, TARGETS, head="mood").n_train == 32


def test_scikit_learn_is_needed(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setitem(sys.modules, "sklearn.model_selection", None)
    with pytest.raises(
        ImportError, match=r"sklearn\.model_selection cannot be imported .*pip install 'claxon\[export\]'"
    ):
        fit_words(bundle)
    assert estimators.required("sklearn.linear_model") is not None
    assert_untouched(bundle)
