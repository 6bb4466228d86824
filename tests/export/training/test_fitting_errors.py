"""What cannot train a head, and that the bundle is then as it was."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import claxon
from claxon.bundle.manifest import Feature
from claxon.errors import BundleNotFoundError, InputError, OptionError
from claxon_export.errors import HeadError, LabelError, TrainingError
from claxon_export.pipeline import export
from claxon_export.training import fitting
from claxon_export.training.fitting import fit
from claxon_export.training.learning import learn
from tests.training import TARGETS, TEXTS, assert_untouched, fit_words


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("", "row 3 has no label; label what is there, or leave it out"),
        (None, "row 3 has no label"),
        (float("nan"), r"row 3 has the label nan \(float\)"),
        (1.5, r"row 3 has the label 1\.5 \(float\)"),
        (b"good", r"row 3 has the label b'good' \(bytes\)"),
        (("good",), r"row 3 has the label \('good',\) \(tuple\)"),
        (1, r"labels are of several types, int \(row 3\), str \(row 0\); expected one"),
    ],
)
def test_label_that_is_none_names_its_row(bundle: Path, label: Any, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        fit(bundle, TEXTS, [*TARGETS[:3], label, *TARGETS[4:]], head="mood")
    assert_untouched(bundle)


def test_text_that_is_not_text_names_its_row(bundle: Path) -> None:
    with pytest.raises(InputError, match="row 2 is int"):
        fit(bundle, ["a", "b", 3, "c"], ["x", "y", "x", "y"], head="mood")  # type: ignore[list-item]


@pytest.mark.parametrize(("texts", "labels"), [(40, 39), (39, 40), (0, 40), (40, 0)])
def test_counts_that_differ(bundle: Path, texts: int, labels: int) -> None:
    with pytest.raises(LabelError, match=f"{texts} texts and {labels} labels; expected one label per text"):
        fit(bundle, TEXTS[:texts], TARGETS[:labels], head="mood")


def test_one_label_is_too_few(bundle: Path) -> None:
    with pytest.raises(TrainingError, match=r"found 1 label \('good'\) in 20 texts, expected two or more; is this"):
        fit(bundle, TEXTS[:20], TARGETS[:20], head="mood")
    assert_untouched(bundle)


def test_no_texts_are_too_few(bundle: Path) -> None:
    with pytest.raises(LabelError, match="there is no row with a text and a label"):
        fit(bundle, [], [], head="mood")


@pytest.mark.parametrize(("rows", "test_size"), [([0, 39], 0.2), ([0, 39], 0.5), ([0, 1, 39], 0.9), ([0, 39], 0.1)])
@pytest.mark.filterwarnings("ignore:.*only seen once")
def test_too_few_texts_to_hold_some_out(bundle: Path, rows: list[int], test_size: float) -> None:
    texts, targets = [TEXTS[row] for row in rows], [TARGETS[row] for row in rows]
    with pytest.raises(TrainingError, match=rf"{len(rows)} texts of 2 labels are too few to hold out {test_size:.0%}"):
        fit(bundle, texts, targets, head="mood", test_size=test_size)
    assert fit(bundle, texts, targets, head="mood", test_size=0).labels == ("bad", "good")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"test_size": 1.0}, "test_size is 1.0, expected 0 or more and below 1"),
        ({"test_size": -0.1}, "test_size is -0.1"),
        ({"test_size": float("nan")}, "test_size is nan"),
        ({"C": 0.0}, "C is 0.0, expected a number above 0, or 'auto'"),
        ({"C": "best"}, "C is 'best', expected a number above 0, or 'auto'"),
        ({"threads": 0}, "threads is 0"),
        ({"few_shot": 0}, "few_shot is 0, expected labels per class, 1 or more"),
        ({"few_shot": 4, "test_size": 0}, "few_shot is evaluated on held-out texts, and test_size is 0"),
        ({"precision": "int8"}, "precision is 'int8', but the bundle holds fp32"),
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


def test_no_bundle_there(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFoundError):
        fit_words(tmp_path)


def test_bundle_without_embedding_wants_a_feature(tiny_classifier: Path, tmp_path: Path) -> None:
    plain = export(tiny_classifier, tmp_path / "plain", verify=False)
    with pytest.raises(OptionError, match="no sentence embedding; give --feature"):
        fit_words(plain.path)
    assert fit_words(plain.path, feature="cls").feature is Feature.CLS


def test_scikit_learn_is_needed(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setitem(sys.modules, "sklearn.model_selection", None)
    with pytest.raises(
        ImportError, match=r"sklearn\.model_selection cannot be imported .*pip install 'claxon\[export\]'"
    ):
        fit_words(bundle)
    assert_untouched(bundle)


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_features_that_are_not_finite_name_their_row_and_are_not_kept(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: float
) -> None:
    monkeypatch.setenv("CLAXON_CACHE", str(tmp_path / "cache"))
    spoilt = claxon.Encoder.features

    def features(self: claxon.Encoder, texts: list[str], *words: Any, **options: Any) -> Any:
        result = spoilt(self, texts, *words, **options)
        result.values[Feature.EMBEDDING][[5, 7], 1] = odd
        return result

    with monkeypatch.context() as patch:
        patch.setattr(claxon.Encoder, "features", features)
        with pytest.raises(TrainingError, match=r"the features of row 6 are not finite \(embedding; 2 such texts\)"):
            fit(bundle, [" ", *TEXTS], ["good", *TARGETS], head="mood")
    assert_untouched(bundle)
    assert fit_words(bundle).n_train == 32  # nothing odd was kept


def test_a_head_for_an_encoder_that_is_there_no_more_is_not_added(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another fit adds its head while this one computes."""

    def meanwhile(*words: Any) -> Any:
        monkeypatch.setattr(fitting, "learn", learn)
        fit_words(bundle, head="other")
        return learn(*words)

    monkeypatch.setattr(fitting, "learn", meanwhile)
    with pytest.raises(HeadError, match="was changed by another process, so it was not modified; try again"):
        fit_words(bundle)
    assert [head.name for head in claxon.Bundle.open(bundle).manifest.heads] == ["other"]
