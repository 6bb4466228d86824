"""From texts and label names to a head in the bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
from claxon import LabelSet
from claxon.bundle.manifest import Feature
from claxon.errors import OptionError
from claxon_export.bundle.head_files import with_head
from claxon_export.errors import HeadError, LabelError, TrainingError
from claxon_export.heads import HeadGraph
from claxon_export.pseudo_labels.bootstrap import bootstrap
from claxon_export.pseudo_labels.report import BootstrapReport
from claxon_export.training import fitting
from tests.training import TARGETS, TEXTS, assert_untouched

# To random weights much is alike.
pytestmark = pytest.mark.filterwarnings("ignore::claxon.LabelWarning")

LABELS = LabelSet.of({"good": ["great", "i love it"], "bad": ["awful", "i hate it"]})


def run(bundle: Path, **options: Any) -> BootstrapReport:
    given: dict[str, Any] = {"head": "mood", "share": 0.5} | options
    return bootstrap(bundle, TEXTS, LABELS, **given)


def test_the_surest_texts_become_a_head(bundle: Path) -> None:
    report = run(bundle)
    scores = claxon.Classifier.from_labels(claxon.Encoder.load(bundle), LABELS).similarity(TEXTS)
    nearest = scores.argmax(axis=1)
    leads = np.abs(scores[:, 0] - scores[:, 1])
    for place, choice in enumerate(report.labels):
        rows = [pseudo.row for pseudo in report.pseudo_labels if pseudo.label == choice.label]
        left = np.setdiff1d(np.flatnonzero(nearest == place), rows)
        assert (choice.n_nearest, choice.n_chosen) == (int((nearest == place).sum()), len(rows))
        assert choice.smallest_margin == pytest.approx(leads[rows].min(), abs=1e-5)
        assert leads[rows].min() >= leads[left].max() - 1e-5
        assert choice.examples[0] == TEXTS[rows[int(leads[rows].argmax())]]
    assert not report.is_trial
    head = claxon.load(bundle, head="mood")
    assert set(head.labels) == {"good", "bad"}
    chosen = {pseudo.row for pseudo in report.pseudo_labels}
    rest = [row for row in range(len(TEXTS)) if row not in chosen]
    expected = np.array(LABELS.labels)[nearest]
    assert report.n_rest == len(rest)
    assert report.agreement == pytest.approx((head.predict(TEXTS) == expected)[rest].mean())


def test_labels_are_embedded_in_fp32_where_it_is_held(bundle_of_two_precisions: Path) -> None:
    report = bootstrap(bundle_of_two_precisions, TEXTS, LABELS, head="mood", share=0.5, dry_run=True)
    with claxon.Encoder.load(bundle_of_two_precisions, device="cpu", precision="fp32") as exact:
        labels = claxon.Classifier.from_labels(exact, LABELS).heads["labels"]
    with claxon.Encoder.load(bundle_of_two_precisions) as encoder:
        scores = labels(encoder.encode(TEXTS))
    leads = np.abs(scores[:, 0] - scores[:, 1])
    for place, choice in enumerate(report.labels):
        rows = [pseudo.row for pseudo in report.pseudo_labels if pseudo.label == choice.label]
        assert (scores[rows].argmax(axis=1) == place).all()
        assert choice.smallest_margin == pytest.approx(leads[rows].min(), abs=1e-5)


def test_the_truth_judges_and_takes_no_part(bundle: Path) -> None:
    truth = list(TARGETS)
    report = run(bundle, truth=truth, test_size=0.25)
    assert report.truth is not None
    assert report.truth.n_held_out == 10
    lies = ["bad" if label == "good" else "good" for label in truth]
    lied_to = run(bundle, truth=lies, test_size=0.25, head="other")
    assert lied_to.truth is not None
    assert lied_to.pseudo_labels == report.pseudo_labels
    for name in ("similarity_accuracy", "head_accuracy", "chosen_accuracy"):
        assert getattr(report.truth, name) + getattr(lied_to.truth, name) == pytest.approx(1)
    assert report.truth.baseline_accuracy is not None
    assert report.truth.baseline_accuracy <= 0.5


def test_a_truth_of_some_texts_is_enough(bundle: Path) -> None:
    report = run(bundle, truth=[*TARGETS[:8], *[None] * 32], test_size=0.5)
    assert report.truth is not None
    assert report.truth.n_held_out == 4
    assert report.truth.n_chosen <= 4


def test_a_trial_leaves_the_bundle_as_it_is(bundle: Path) -> None:
    before = {path.name: path.read_bytes() for path in bundle.iterdir() if path.is_file()}
    report = run(bundle, dry_run=True, truth=TARGETS)
    assert report.is_trial
    assert report.agreement is None
    assert report.truth is not None
    assert report.truth.head_accuracy is None
    assert report.pseudo_labels
    assert before == {path.name: path.read_bytes() for path in bundle.iterdir() if path.is_file()}


def test_labels_margin_and_temperature_hold_where_none_is_given(bundle: Path) -> None:
    everything = run(bundle, dry_run=True, per_label=40).pseudo_labels
    margin = float(np.median([pseudo.margin for pseudo in everything]))
    labels = LabelSet.of({"good": ["great", "i love it"], "bad": ["awful", "i hate it"]}, margin=margin)
    result = bootstrap(bundle, TEXTS, labels, head="mood", dry_run=True, per_label=40).pseudo_labels
    assert 0 < len(result) < len(everything)
    assert min(pseudo.margin for pseudo in result) >= margin - 1e-6
    again = bootstrap(bundle, TEXTS, labels, head="mood", dry_run=True, per_label=40, margin=0.0).pseudo_labels
    assert again == everything


def test_another_feature_is_what_the_head_reads(bundle: Path) -> None:
    run(bundle, feature="mean")
    assert claxon.load(bundle, head="mood").heads["mood"].feature == "mean"


def test_the_head_says_that_its_labels_are_no_truth(bundle: Path) -> None:
    report = run(bundle)
    details = report.bundle.manifest.heads[0].details
    assert details["labels_from"] == "similarity to label names (pseudo-labels, not truth)"
    assert details["phrasings of good"] == "great | i love it"


def test_a_head_is_replaced_only_when_asked(bundle: Path) -> None:
    run(bundle)
    with pytest.raises(HeadError, match="has a head 'mood'"):
        run(bundle)
    assert run(bundle, dry_run=True).is_trial
    run(bundle, force=True)


def test_a_label_without_sure_texts_is_named(bundle: Path) -> None:
    with pytest.raises(TrainingError, match=r"no text is sure enough for good, bad, .*lower --threshold and --margin"):
        run(bundle, threshold=2.0)
    far = LabelSet.of({"good": TEXTS[0], "bad": TEXTS[-1], "odd": "room room room room"})
    scores = claxon.Classifier.from_labels(claxon.Encoder.load(bundle), far).similarity(TEXTS)
    texts = [text for text, row in zip(TEXTS, scores, strict=True) if row.argmax() != 2]
    with pytest.warns(UserWarning, match="no text is sure enough for odd: the head will never predict it"):
        report = bootstrap(bundle, texts, far, head="mood")
    assert report.labels[2].n_chosen == 0
    assert report.labels[2].smallest_margin is None


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"truth": ["good"]}, LabelError, "40 texts and 1 true labels"),
        ({"C": -1}, OptionError, "C is -1"),
        ({"C": -1, "dry_run": True}, OptionError, "C is -1"),
        ({"truth": [None] * 40}, LabelError, "none has a true label"),
        ({"share": 0}, OptionError, "share is 0"),
        ({"margin": -1}, OptionError, "margin is -1"),
        ({"test_size": 1}, OptionError, "test_size is 1"),
        ({"head": "a/b"}, OptionError, "head name"),
        ({"feature": "max"}, OptionError, "max"),
    ],
)
def test_what_cannot_be_met_leaves_the_bundle_as_it_is(
    bundle: Path, options: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        run(bundle, **options)
    assert_untouched(bundle)


def test_the_same_call_chooses_the_same(bundle: Path) -> None:
    assert run(bundle, dry_run=True).pseudo_labels == run(bundle, dry_run=True).pseudo_labels


def test_texts_are_encoded_and_the_bundle_written_once(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[str, bool]] = []
    texts: list[str] = []
    features = claxon.Encoder.features

    def noted(opened: claxon.Bundle, name: str, graph: HeadGraph, **options: Any) -> claxon.Bundle:
        written.append((name, "labels_from" in graph.details))
        return with_head(opened, name, graph, **options)

    def encoded(self: claxon.Encoder, given: list[str], *words: Any, **options: Any) -> Any:
        texts.extend(given)
        return features(self, given, *words, **options)

    monkeypatch.setattr(fitting, "with_head", noted)
    monkeypatch.setattr(claxon.Encoder, "features", encoded)
    run(bundle, cache=False)
    assert written == [("mood", True)]
    assert [text for text in texts if text in TEXTS] == TEXTS


def test_a_text_that_is_not_finite_is_named(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    features = claxon.Encoder.features

    def spoilt(self: claxon.Encoder, given: list[str], *words: Any, **options: Any) -> Any:
        result = features(self, given, *words, **options)
        if len(given) == len(TEXTS):
            result.values[Feature.EMBEDDING][3] = np.nan
        return result

    monkeypatch.setattr(claxon.Encoder, "features", spoilt)
    with pytest.raises(TrainingError, match="the features of row 3 are not finite"):
        run(bundle, cache=False)
    assert_untouched(bundle)


def test_warnings_name_the_rows_of_the_caller(bundle: Path) -> None:
    with pytest.warns(UserWarning, match="only seen once") as told:
        report = run(bundle, per_label=1)
    rows = {pseudo.label: pseudo.row for pseudo in report.pseudo_labels}
    assert min(rows.values()) > 1
    (result,) = [warning for warning in told if "only seen once" in str(warning.message)]
    assert all(f"{label!r} (row {row})" in str(result.message) for label, row in rows.items())
    assert Path(result.filename).name == "test_bootstrap.py"


def test_blank_texts_are_not_trained_on(bundle: Path) -> None:
    blank = bootstrap(bundle, [" ", *TEXTS, ""], LABELS, head="mood", per_label=42)
    assert [pseudo.row for pseudo in blank.pseudo_labels] == list(range(1, 41))
