"""Heads of several labels, fitted on texts: against scikit-learn's OneVsRestClassifier on the same features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import ScoreKind
from claxon.errors import OptionError
from claxon_export.errors import LabelError, TrainingError
from claxon_export.targets.multi_label import MultiLabelReport, fit_multi_label
from claxon_export.training.fitting import fit
from tests.training import GOOD, TEXTS, THINGS, encoded

multiclass = pytest.importorskip("sklearn.multiclass", reason="scikit-learn is not installed")
linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")

TAGS = [
    tuple(
        word for word in (["good"] if any(good in text for good in GOOD) else []) + [t for t in THINGS[:2] if t in text]
    )
    for text in TEXTS
]


def fitted(bundle: Path, **options: Any) -> MultiLabelReport:
    given: dict[str, Any] = {"head": "tags", "C": 100.0, **options}
    return fit_multi_label(bundle, TEXTS, TAGS, **given)


def test_the_probabilities_are_those_of_one_vs_rest(bundle: Path) -> None:
    report = fitted(bundle, test_size=0, class_weight="balanced")
    assert (report.labels, report.n_train, report.scores) == (("book", "good", "phone"), 40, None)
    truth = np.array([[label in held for label in report.labels] for held in TAGS])
    estimator = multiclass.OneVsRestClassifier(
        linear_model.LogisticRegression(C=100, class_weight="balanced", max_iter=10_000, tol=1e-10)
    )
    expected = estimator.fit(encoded(bundle, TEXTS).astype(np.float64), truth).predict_proba(encoded(bundle, TEXTS))
    with claxon.load(bundle, "tags", threads=1) as classifier:
        found = classifier.predict_proba(TEXTS)
        np.testing.assert_allclose(found, expected, atol=2e-3)  # two solvers of one problem
        labels = classifier.predict(TEXTS)
    assert labels.tolist() == [tuple(np.array(report.labels)[row >= 0.5].tolist()) for row in found]


def test_held_out_texts_are_scored_and_remembered(bundle: Path) -> None:
    report = fitted(bundle, test_size=0.25)
    assert (report.n_train, report.n_test) == (30, 10)
    assert report.scores is not None
    (head,) = Bundle.open(bundle).manifest.heads
    assert head.scores is ScoreKind.MULTI_LABEL
    assert head.details["held_out_micro_f1"] == report.scores.figures["micro_f1"]
    assert head.details["training_texts"] == 30


@pytest.mark.parametrize(
    ("labels", "options", "error", "message"),
    [
        ([()] * 40, {}, TrainingError, "no text has a label"),
        ([("a",)] * 40, {}, TrainingError, "every training text has the label 'a'"),
        ([("a",), *[("b",)] * 39], {"test_size": 0.9, "seed": 1}, TrainingError, "training text has the label"),
        (["a"] * 39, {}, LabelError, "40 texts and 39 labels"),
        (TAGS, {"C": "auto"}, OptionError, "cannot be 'auto' for several labels"),
        (TAGS, {"feature": "auto"}, OptionError, "cannot be 'auto' for several labels"),
    ],
)
def test_what_cannot_be_learned_is_refused(
    bundle: Path, labels: list[Any], options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        fit_multi_label(bundle, TEXTS, labels, head="tags", **options)
    assert Bundle.open(bundle).manifest.heads == ()


def test_fit_names_the_way_for_several_labels(bundle: Path) -> None:
    with pytest.raises(LabelError, match="several labels a text: --multi-label, fit_multi_label"):
        fit(bundle, TEXTS, TAGS, head="tags")  # type: ignore[arg-type]
