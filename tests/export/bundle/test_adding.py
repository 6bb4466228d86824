"""Estimators and labels become heads of a bundle."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import claxon
from claxon import LabelSet
from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature, HeadKind, LabelValue, ScoreKind
from claxon.cli.main import main
from claxon.errors import BundleNotFoundError, OptionError
from claxon_export.bundle.adding import add_head
from claxon_export.errors import HeadError
from claxon_export.pipeline import export
from tests.checkpoints import write_checkpoint

# A head in float32 against scikit-learn, and a graph against numpy.
TOLERANCE = 1e-5
TEXTS = ["great book", "awful phone", "i love the food", "bad service , it broke", "good film", "i hate it"]
TARGETS = ["good", "bad", "good", "bad", "good", "bad"]
LABELS = LabelSet.of({"book": ["a book", "the film"], "phone": "a phone", "food": "the food"})


def fitted(bundle: Path, feature: str, *steps: Any) -> Any:
    with claxon.Encoder.load(bundle) as encoder:
        features = encoder.encode(TEXTS, feature=feature)
    return make_pipeline(*steps, LogisticRegression()).fit(features, TARGETS)


@pytest.mark.parametrize("feature", [Feature.CLS, Feature.MEAN, Feature.EMBEDDING])
@pytest.mark.parametrize("steps", [(), (StandardScaler(),)], ids=["alone", "scaled"])
def test_estimator_gives_the_same_probabilities_as_a_head(
    bundle: Path, feature: Feature, steps: tuple[Any, ...]
) -> None:
    estimator = fitted(bundle, feature, *steps)
    added = add_head(bundle, "mood", estimator=estimator, feature=feature)
    assert (added.manifest.heads[0].kind, added.manifest.heads[0].feature) == (HeadKind.LOGISTIC, feature)
    with claxon.Encoder.load(bundle) as encoder:
        expected = estimator.predict_proba(encoder.encode(TEXTS, feature=feature))
    classifier = claxon.load(bundle, head="mood")
    np.testing.assert_allclose(classifier.predict_proba(TEXTS), expected, rtol=0, atol=TOLERANCE)
    assert classifier.labels == ("bad", "good")


def test_feature_left_out_is_the_sources_embedding(bundle: Path) -> None:
    added = add_head(bundle, "mood", estimator=fitted(bundle, "embedding"))
    assert added.manifest.heads[0].feature == Feature.EMBEDDING


def test_feature_must_be_given_where_there_is_no_embedding(tiny_classifier: Path, tmp_path: Path) -> None:
    plain = export(tiny_classifier, tmp_path / "plain", verify=False)
    estimator = fitted(plain.path, "mean")
    with pytest.raises(OptionError, match=r"no sentence embedding; give --feature .*one of cls, mean"):
        add_head(plain.path, "mood", estimator=estimator)
    added = add_head(plain.path, "mood", estimator=estimator, feature="mean")
    assert [head.feature for head in added.manifest.heads] == [Feature.CLS, Feature.MEAN]


@pytest.mark.parametrize("combine", ["mean", "best"])
def test_labels_give_the_same_cosines_as_at_run_time(bundle: Path, combine: str) -> None:
    labels = LabelSet(LABELS.labels, LABELS.phrasings, LabelSet.of(["a", "b"], combine=combine).combine)
    added = add_head(bundle, "topic", labels=labels)
    (spec,) = added.manifest.heads
    assert (spec.kind, spec.feature, spec.scores) == (HeadKind.SIMILARITY, Feature.EMBEDDING, ScoreKind.COSINE)
    assert spec.temperature is None
    with claxon.Encoder.load(bundle) as encoder:
        expected = claxon.Classifier.from_labels(encoder, labels).similarity(TEXTS)
        found = claxon.load(bundle, head="topic").similarity(TEXTS)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_labels_are_embedded_in_fp32_where_it_is_held(bundle_of_two_precisions: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(bundle_of_two_precisions, tmp_path / "two"))
    labels = LabelSet.of(["book", "phone"])
    add_head(bundle, "exact", labels=labels)
    add_head(bundle, "int8", labels=labels, precision="int8")
    for precision, head in (("fp32", "exact"), ("int8", "int8")):
        with claxon.Encoder.load(bundle, device="cpu", precision=precision) as encoder:
            vectors = encoder.encode(labels.texts)
        with claxon.load(bundle, head, device="cpu", precision="int8") as classifier:
            found, cosines = classifier.similarity(TEXTS), classifier.encoder.encode(TEXTS) @ vectors.T
        np.testing.assert_allclose(found, cosines, rtol=0, atol=TOLERANCE)


def test_labels_are_embedded_in_the_precision_that_is_asked_for(bundle: Path) -> None:
    with pytest.raises(OptionError, match="int8"):
        add_head(bundle, "topic", labels=LABELS, precision="int8")
    assert add_head(bundle, "topic", labels=LABELS, precision="fp32").manifest.heads


def test_temperature_makes_probabilities(bundle: Path) -> None:
    added = add_head(bundle, "topic", labels=LABELS, temperature=0.05)
    assert added.manifest.heads[0].temperature == 0.05
    found = claxon.load(bundle).predict_proba(TEXTS)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=0, atol=1e-6)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_temperature_that_is_none(bundle: Path, temperature: float) -> None:
    with pytest.raises(HeadError, match="temperature is"):
        add_head(bundle, "topic", labels=LABELS, temperature=temperature)
    assert Bundle.open(bundle).manifest.heads == ()


def test_one_of_both_is_needed(bundle: Path) -> None:
    with pytest.raises(OptionError, match="either estimator= or labels="):
        add_head(bundle, "mood")
    with pytest.raises(OptionError, match="either estimator= or labels="):
        add_head(bundle, "mood", estimator=LogisticRegression(), labels=LABELS)


def test_options_of_the_other_kind_are_not_ignored(bundle: Path) -> None:
    with pytest.raises(OptionError, match="feature is 'mean', but labels are compared with 'embedding'"):
        add_head(bundle, "topic", labels=LABELS, feature="mean")
    with pytest.raises(OptionError, match="temperature is for labels"):
        add_head(bundle, "mood", estimator=LogisticRegression(), temperature=0.1)
    add_head(bundle, "topic", labels=LABELS, feature="embedding")


def test_labels_need_an_embedding(tiny_classifier: Path, tmp_path: Path) -> None:
    plain = export(tiny_classifier, tmp_path / "plain", verify=False)
    with pytest.raises(OptionError, match="no sentence embedding, which label similarity needs"):
        add_head(plain.path, "topic", labels=LABELS)


def test_estimator_of_another_width(bundle: Path) -> None:
    estimator = LogisticRegression().fit(np.eye(4), [0, 1, 0, 1])
    with pytest.raises(HeadError, match="fitted on 4 features, expected the 32 of embedding"):
        add_head(bundle, "mood", estimator=estimator)


def test_estimator_that_is_not_fitted(bundle: Path) -> None:
    with pytest.raises(HeadError, match="is not fitted"):
        add_head(bundle, "mood", estimator=LogisticRegression())


def test_taken_name_needs_force_and_is_found_first(bundle: Path) -> None:
    add_head(bundle, "topic", labels=LABELS)
    with pytest.raises(HeadError, match="has a head 'topic'"):
        add_head(bundle, "topic", estimator="anything")
    replaced = add_head(bundle, "topic", estimator=fitted(bundle, "embedding"), force=True)
    assert [head.kind for head in replaced.manifest.heads] == [HeadKind.LOGISTIC]


def test_name_that_cannot_be_a_file(bundle: Path) -> None:
    with pytest.raises(OptionError, match=r"head name '\.\./topic'"):
        add_head(bundle, "../topic", labels=LABELS)


def test_adding_a_head_without_a_bundle_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFoundError):
        add_head(tmp_path, "topic", labels=LABELS)


def test_several_heads_answer_from_one_bundle(bundle: Path) -> None:
    add_head(bundle, "topic", labels=LABELS)
    add_head(bundle, "mood", estimator=fitted(bundle, "mean"), feature="mean")
    found = claxon.load(bundle).predict_all(TEXTS)
    assert list(found) == ["topic", "mood"]
    assert found["mood"].tolist() == TARGETS


def test_labels_keep_their_temperature_and_a_threshold_is_told_to_be_lost(bundle: Path) -> None:
    labels = LabelSet.of(["book", "phone"], temperature=0.5, margin=0.1)
    with pytest.warns(UserWarning, match="does not store the threshold and the margin of its labels"):
        added = add_head(bundle, "topic", labels=labels)
    assert added.manifest.heads[0].temperature == 0.5
    plain = LabelSet.of(["book", "phone"], temperature=0.5)
    assert add_head(bundle, "warm", labels=plain, temperature=2.0).manifest.heads[1].temperature == 2.0


def test_labels_that_are_nearly_the_same_are_named(bundle: Path) -> None:
    with pytest.warns(claxon.LabelWarning, match="'book' and 'Book': equal but for case and spaces"):
        add_head(bundle, "topic", labels=LabelSet.of(["book", "Book"]))


def test_labels_may_be_a_plain_list_or_a_mapping(bundle: Path) -> None:
    names = add_head(bundle, "plain", labels=["book", "phone"]).manifest.heads[-1]
    described = add_head(
        bundle, "described", labels={"book": ["a book", "a novel"], "phone": "a phone"}
    ).manifest.heads[-1]
    assert names.labels == described.labels == ("book", "phone")


def test_several_labels_have_names_and_thresholds(bundle: Path) -> None:
    multiclass = pytest.importorskip("sklearn.multiclass", reason="scikit-learn is not installed")
    linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    with claxon.Encoder.load(bundle, threads=1) as encoder:
        vectors = encoder.encode(TEXTS)
    tags = (vectors[:, :2] > np.median(vectors[:, :2], axis=0)).astype(int)
    estimator = multiclass.OneVsRestClassifier(linear_model.LogisticRegression(C=100)).fit(vectors, tags)
    names = ["long", "short"]
    thresholds: dict[LabelValue, float] = {"short": 0.3}
    added = add_head(bundle, "tags", estimator=estimator, label_names=names, thresholds=thresholds)
    spec = added.manifest.heads[-1]
    assert (spec.scores, spec.labels, spec.thresholds) == (ScoreKind.MULTI_LABEL, ("long", "short"), (0.5, 0.3))
    assert spec.parity is not None
    assert spec.parity.texts == 256 + 64
    found = claxon.load(bundle, "tags", threads=1)
    expected = estimator.predict_proba(vectors)
    np.testing.assert_allclose(found.predict_proba(TEXTS), expected, atol=1e-5)
    held = [tuple(np.array(names)[row >= [0.5, 0.3]].tolist()) for row in expected]
    assert found.predict(TEXTS).tolist() == held
    with pytest.raises(OptionError, match="thresholds name 'wide', expected some of 'long', 'short'"):
        add_head(bundle, "more", estimator=estimator, label_names=names, thresholds={"wide": 0.1})
    with pytest.raises(OptionError, match="label_names and thresholds go with an estimator"):
        add_head(bundle, "more", labels=["a", "b"], label_names=names)


def test_what_the_estimator_saw_is_recorded_and_shown(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    estimator = fitted(bundle, "mean")
    with claxon.Encoder.load(bundle, max_tokens=20, threads=1) as encoder:
        added = add_head(bundle, "mood", estimator=estimator, feature="mean", features_from=encoder)
        details = added.manifest.heads[-1].details
        assert (details["precision"], details["device"], details["max_tokens"]) == ("fp32", "cpu", 20)
        with pytest.raises(OptionError, match="and so does features_from"):
            add_head(bundle, "more", labels=["a", "b"], features_from=encoder)
    assert main(["heads", str(bundle)]) == 0
    assert "fp32 on cpu, at most 20 tokens" in capsys.readouterr().out


def test_an_encoder_of_another_bundle_is_refused(bundle: Path, tmp_path: Path) -> None:
    other = export(write_checkpoint(tmp_path / "other", "bert"), tmp_path / "other-bundle").path
    with (
        claxon.Encoder.load(other, threads=1) as encoder,
        pytest.raises(OptionError, match=r"features_from is of .*other-bundle, expected an encoder of"),
    ):
        add_head(bundle, "mood", estimator=fitted(bundle, "mean"), feature="mean", features_from=encoder)
