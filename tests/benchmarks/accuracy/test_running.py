from __future__ import annotations

from pathlib import Path

import pytest

import claxon_export
from accuracy.experiments import Classifier, Model, Texts, Trained
from accuracy.running import Row, Workplace, draw, run
from claxon.bundle.bundle import Bundle
from tests.benchmarks.accuracy.tables import write_table


@pytest.fixture(scope="module")
def classifier_bundle(tiny_classifier: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    bundle = tmp_path_factory.mktemp("bundles") / "classifier"
    claxon_export.export(tiny_classifier, bundle)
    return bundle


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAXON_CACHE", str(tmp_path / "cache"))


def test_a_head_is_fitted_and_judged(copied_bundle: Path, tmp_path: Path) -> None:
    for name in ("train.csv", "validation.csv"):
        write_table(tmp_path / "data" / "emotion" / name, ["joy", "anger"])
    experiment = Trained("tiny", Model.MPNET, Texts.EMOTION, "mean", 20)
    place = Workplace(tmp_path / "data", {Model.MPNET: copied_bundle})
    told: list[Row] = []
    (row,) = run(experiment, place, told.append)
    assert told == [row]
    assert (row.precision, row.learnt_from, row.judged, row.most_frequent) == ("fp32", 20, 24, 0.5)
    assert row.accuracy.value > 0.6  # of its own training texts
    assert row.within_one is None


def test_the_classifier_of_a_checkpoint_is_judged_as_it_comes(classifier_bundle: Path, tmp_path: Path) -> None:
    write_table(tmp_path / "data" / "amazon_reviews" / "validation.csv", ["positive", "negative"])
    names = {"negative": "NEGATIVE", "positive": "POSITIVE"}
    experiment = Classifier("tiny", Model.DISTILBERT, Texts.AMAZON_REVIEWS, names)
    before = Bundle.open(classifier_bundle).digest
    (row,) = run(experiment, Workplace(tmp_path / "data", {Model.DISTILBERT: classifier_bundle}), lambda _: None)
    assert row.learnt_from == 0
    assert 0 <= row.accuracy.value <= 1
    assert Bundle.open(classifier_bundle).digest == before


def test_drawn_rows_are_the_same_for_a_seed(tmp_path: Path) -> None:
    write_table(tmp_path / "sst2" / "train.csv", ["POSITIVE", "NEGATIVE"])
    rows = Workplace(tmp_path, {}).read(Texts.SST2, "train.csv")
    first, again, other = draw(rows, 6, 0), draw(rows, 6, 0), draw(rows, 6, 1)
    assert first == again
    assert first != other
    assert len(first.texts) == len(first.labels) == 6
    assert list(draw(rows, None, 0).texts) == list(rows.texts)
