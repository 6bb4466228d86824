"""A bundle in scikit-learn: its own checks, and the tools that people put estimators into."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from joblib import Memory
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data

import claxon
from claxon.errors import BundleNotFoundError, InputError, IntegrityError, OptionError
from claxon.sklearn import TextClassifier, TextEncoder, unload
from tests.bundles import reseal
from tests.texts import REVIEWS, TEXTS

pytestmark = pytest.mark.filterwarnings("ignore::claxon.TruncationWarning")
REVIEW_TEXTS, MOODS = list(REVIEWS), list(REVIEWS.values())
WORDS = ["good", "bad", "book", "film", "0", "1", "2", "3"]


def worded(table: Any) -> list[str]:
    """Rows of numbers as texts, equal ones for equal rows."""
    return [" ".join(WORDS[int(abs(value) * 997) % len(WORDS)] for value in row) for row in table]


class NumberEncoder(TextEncoder):
    """A ``TextEncoder`` that takes what scikit-learn's checks give: tables of numbers."""

    def fit(self, X: Any, y: Any = None) -> Any:  # noqa: N803
        validate_data(self, X)
        return super().fit(X, y)

    def transform(self, X: Any) -> Any:  # noqa: N803
        return super().transform(worded(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = type(tags.input_tags)()
        return tags


class NumberClassifier(TextClassifier):
    """Likewise a ``TextClassifier``, which is not asked whether it knows the labels of the checks."""

    def fit(self, X: Any, y: Any) -> Any:  # type: ignore[override]  # noqa: N803  # as the checks want it
        validate_data(self, X)
        return super().fit(X, None)

    def predict(self, X: Any) -> Any:  # noqa: N803
        return super().predict(worded(validate_data(self, X, reset=False)))

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        return super().predict_proba(worded(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = type(tags.input_tags)()
        return tags


# Checks of the classifier that ask for labels learnt from y: its labels are those of the head, whatever y is.
LABELS_ARE_NOT_LEARNT = {
    "check_array_api_input": "no arrays of numbers",
    "check_classifier_data_not_an_array": "compares labels with numbers",
    "check_classifiers_classes": "expects y's labels",
    "check_classifiers_one_label": "expects y's labels",
    "check_classifiers_regression_target": "y is not learnt from",
    "check_classifiers_train": "expects y's labels",
    "check_estimators_pickle": "compares labels with numbers",
    "check_fit_idempotent": "compares labels with numbers",
    "check_fit_score_takes_y": "scores against y's labels",
    "check_methods_sample_order_invariance": "compares labels with numbers",
    "check_methods_subset_invariance": "compares labels with numbers",
    "check_pipeline_consistency": "scores against y's labels",
    "check_supervised_y_2d": "y is not learnt from",
    "check_supervised_y_no_nan": "y is not learnt from",
}


def failed_checks(estimator: Any) -> set[str]:
    found = check_estimator(estimator, on_fail=None, on_skip=None)
    assert sum(check["status"] == "passed" for check in found) > 35
    return {check["check_name"] for check in found if check["status"] != "passed"}


@pytest.mark.filterwarnings("ignore")
def test_the_encoder_passes_scikit_learns_checks(tiny_bundle: Path) -> None:
    assert failed_checks(NumberEncoder(tiny_bundle, threads=1)) <= {"check_array_api_input"}


@pytest.mark.filterwarnings("ignore")
def test_the_classifier_passes_those_that_do_not_ask_for_training(tiny_bundle: Path) -> None:
    assert failed_checks(NumberClassifier(tiny_bundle, "sentiment", threads=1)) <= LABELS_ARE_NOT_LEARNT.keys()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize("kind", [TextEncoder, TextClassifier])
def test_both_pass_the_checks_for_texts(kind: Any, tiny_bundle: Path) -> None:
    assert check_estimator(kind(tiny_bundle, **({"head": "topic"} if kind is TextClassifier else {})))


def test_features_are_the_encoders(tiny_bundle: Path, encoder: claxon.Encoder) -> None:
    found = TextEncoder(tiny_bundle, threads=1).fit_transform(TEXTS)
    np.testing.assert_array_equal(found, encoder.encode(TEXTS))
    mean = TextEncoder(tiny_bundle, threads=1, feature="mean", max_tokens=8).transform(TEXTS)
    expected = claxon.Encoder.load(tiny_bundle, threads=1, max_tokens=8).encode(TEXTS, feature="mean")
    np.testing.assert_array_equal(mean, expected)


def test_a_prompt_is_chosen_by_its_name(copied_bundle: Path) -> None:
    reseal(copied_bundle, lambda manifest: replace(manifest, encoder=replace(manifest.encoder, prompts={"q": "not "})))
    found = TextEncoder(copied_bundle, prompt_name="q").fit_transform(["great book"])
    np.testing.assert_allclose(found, TextEncoder(copied_bundle).transform(["not great book"]), atol=1e-6)
    with pytest.raises(OptionError, match="prompts are: q"):
        TextEncoder(copied_bundle, prompt_name="p").fit(TEXTS)


def test_nothing_is_loaded_before_it_is_needed(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unload()
    monkeypatch.setattr(claxon.Encoder, "from_bundle", classmethod(lambda *_, **__: pytest.fail("it was loaded")))
    fitted = pickle.loads(pickle.dumps(clone(TextEncoder(tiny_bundle, max_tokens=11)).fit(TEXTS)))
    check_is_fitted(fitted)
    assert list(fitted.get_feature_names_out()[:2]) == ["textencoder0", "textencoder1"]
    assert len(fitted.get_feature_names_out()) == 32


def test_clones_share_what_is_loaded(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []
    real = claxon.Encoder.from_bundle.__func__  # type: ignore[attr-defined]  # a class method's function

    def counted(kind: Any, /, bundle: Any, **options: Any) -> Any:
        loads.append(bundle)
        return real(kind, bundle, **options)

    monkeypatch.setattr(claxon.Encoder, "from_bundle", classmethod(counted))
    unload()
    pipeline = make_pipeline(TextEncoder(tiny_bundle, threads=1), LogisticRegression())
    search = GridSearchCV(pipeline, {"logisticregression__C": [0.1, 10.0]}, cv=2).fit(REVIEW_TEXTS, MOODS)
    assert set(search.predict(TEXTS)) <= {"negative", "positive"}
    assert len(loads) == 1


def test_a_grid_over_features(tiny_bundle: Path) -> None:
    pipeline = make_pipeline(TextEncoder(tiny_bundle, threads=1), LogisticRegression())
    search = GridSearchCV(pipeline, {"textencoder__feature": ["mean", "cls", "embedding"]}, cv=2)
    assert search.fit(REVIEW_TEXTS, MOODS).best_params_["textencoder__feature"] in ("mean", "cls", "embedding")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of loky's, about fork
def test_workers_load_it_themselves(tiny_bundle: Path) -> None:
    pipeline = make_pipeline(TextEncoder(tiny_bundle, threads=1), LogisticRegression())
    alone = cross_val_score(pipeline, REVIEW_TEXTS, MOODS, cv=2)
    np.testing.assert_array_equal(cross_val_score(pipeline, REVIEW_TEXTS, MOODS, cv=2, n_jobs=2), alone)


def test_columns_of_a_table(tiny_bundle: Path) -> None:
    table = pd.DataFrame({"review": REVIEW_TEXTS, "stars": range(len(REVIEW_TEXTS))}, index=list("abcdefgh"))
    encoder = TextEncoder(tiny_bundle, threads=1).set_output(transform="pandas")
    expected = encoder.fit_transform(table["review"])
    assert list(expected.index) == list("abcdefgh")
    assert list(expected.columns[:1]) == ["textencoder0"]
    for columns in ("review", ["review"]):
        mixed = ColumnTransformer([("text", TextEncoder(tiny_bundle, threads=1), columns)], remainder="passthrough")
        np.testing.assert_allclose(mixed.fit_transform(table)[:, :-1], expected, atol=1e-6)
    assert mixed.get_feature_names_out()[-1] == "remainder__stars"
    with pytest.raises(InputError, match="table of 2 columns"):
        encoder.transform(table)


def test_memory_tells_bundles_apart(copied_bundle: Path, tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory", verbose=0)

    def features(bundle: Path) -> Any:
        pipeline = Pipeline([("text", TextEncoder(bundle, threads=1)), ("rest", LogisticRegression())], memory=memory)
        return pipeline.fit(REVIEW_TEXTS, MOODS)["rest"].coef_

    first = features(copied_bundle)
    assert len(list((tmp_path / "memory").rglob("output.pkl"))) == 1
    np.testing.assert_array_equal(features(copied_bundle), first)
    assert len(list((tmp_path / "memory").rglob("output.pkl"))) == 1, "the second was remembered"
    reseal(copied_bundle, lambda manifest: replace(manifest, encoder=replace(manifest.encoder, prompt="not ")))
    assert np.abs(features(copied_bundle) - first).max() > 1e-3


def test_a_fitted_pipeline_takes_no_other_encoder(copied_bundle: Path) -> None:
    pipeline = make_pipeline(TextEncoder(copied_bundle), LogisticRegression()).fit(REVIEW_TEXTS, MOODS)
    travelled = pickle.loads(pickle.dumps(pipeline))
    np.testing.assert_array_equal(travelled.predict_proba(TEXTS), pipeline.predict_proba(TEXTS))
    reseal(copied_bundle, lambda manifest: replace(manifest, encoder=replace(manifest.encoder, prompt="not ")))
    with pytest.raises(IntegrityError, match="another encoder than the one that this was fitted with"):
        travelled.predict(TEXTS)
    assert len(travelled.fit(REVIEW_TEXTS, MOODS).predict(TEXTS)) == len(TEXTS)


# Heads as classifiers.


def test_a_head_is_a_classifier(tiny_bundle: Path, classifier: claxon.Classifier) -> None:
    found = TextClassifier(tiny_bundle, "sentiment", threads=1)
    assert list(found.predict(TEXTS)) == list(classifier.predict(TEXTS))
    np.testing.assert_array_equal(found.predict_proba(TEXTS), classifier.predict_proba(TEXTS))
    assert list(found.classes_) == ["negative", "positive"]
    assert found.fit(REVIEW_TEXTS, MOODS).score(REVIEW_TEXTS, MOODS) >= 0.5
    assert cross_val_score(found, REVIEW_TEXTS, MOODS, cv=2, scoring="neg_log_loss").shape == (2,)


def test_columns_are_in_the_order_of_the_classes(copied_bundle: Path) -> None:
    heads = [
        replace(head, temperature=0.1) if head.name == "topic" else head
        for head in claxon.Bundle.open(copied_bundle).manifest.heads
    ]
    reseal(copied_bundle, lambda manifest: replace(manifest, heads=tuple(heads)))
    found = TextClassifier(copied_bundle, "topic").fit(TEXTS)
    assert list(found.classes_) == ["book", "food", "phone"]
    assert list(found.classes_[found.predict_proba(TEXTS).argmax(axis=1)]) == list(found.predict(TEXTS))


def test_labels_that_a_head_does_not_know_are_named(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match="y has 'neutral', the labels of sentiment are negative, positive"):
        TextClassifier(tiny_bundle, "sentiment").fit(TEXTS[:2], ["neutral", "negative"])


def test_what_is_not_there_is_said_by_fit(tiny_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleNotFoundError):
        TextEncoder(tmp_path / "nowhere").fit(TEXTS)
    with pytest.raises(OptionError, match="no feature"):
        TextEncoder(tiny_bundle, feature="max").fit(TEXTS)
    with pytest.raises(OptionError, match="expected one of its heads"):
        TextClassifier(tiny_bundle).fit(TEXTS)


def test_a_bundle_that_is_gone_can_be_cloned_and_shown(tiny_bundle: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(tiny_bundle, tmp_path / "moved")
    encoder = TextEncoder(moved).fit(TEXTS)
    shutil.rmtree(moved)
    assert "moved" in repr(clone(encoder))
    assert pickle.loads(pickle.dumps(encoder)).bundle_digest_ == encoder.bundle_digest_


def test_bertopic_takes_a_pipeline(tiny_bundle: Path) -> None:
    backend = pytest.importorskip("bertopic.backend._utils", reason="bertopic is not installed")
    model = backend.select_backend(make_pipeline(TextEncoder(tiny_bundle, threads=1)))
    np.testing.assert_array_equal(model.embed(TEXTS), TextEncoder(tiny_bundle, threads=1).transform(TEXTS))
