"""Labels, scores and embeddings of a column, against those of ``Classifier`` and ``Encoder``."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
from claxon.bundle.bundle import Bundle
from claxon.encoder.features import Features
from claxon.errors import InputError, OptionError
from claxon.labelling.labeller import ColumnOptions, ColumnPredictor, ColumnSpec, found_bundle, given_heads

TEXTS = ["great book , i love it", "awful film , i hate it", "the food", "bad service " * 40]


def predictor(bundle: Path, threads: int = 1, **asked: object) -> ColumnPredictor:
    return ColumnPredictor(Bundle.open(bundle), ColumnOptions(**asked), threads)  # type: ignore[arg-type]  # whatever is given


def test_one_head_has_plain_names_and_the_classifiers_answers(tiny_bundle: Path) -> None:
    found = predictor(tiny_bundle, heads=("sentiment",))(TEXTS)
    expected = claxon.load(tiny_bundle, "sentiment", threads=1).predictions(TEXTS, on_truncation="ignore")
    assert list(found) == ["predicted_label", "score", "truncated"]
    assert found["predicted_label"].tolist() == expected.labels.tolist()
    np.testing.assert_allclose(found["score"], expected.scores.max(axis=1), atol=1e-6)
    assert found["truncated"].tolist() == [False, False, False, True]


def test_several_heads_and_the_embedding_come_of_one_run(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = predictor(tiny_bundle, heads=("topic", "sentiment"), embed=True, prefix="c_")
    calls: list[object] = []
    features = claxon.Encoder.features

    def counted(*given: Any, **options: Any) -> Features:
        calls.append(given)
        return features(*given, **options)

    monkeypatch.setattr(claxon.Encoder, "features", counted)
    found = both(TEXTS)
    assert list(found) == [
        "c_predicted_label_topic", "c_score_topic", "c_predicted_label_sentiment", "c_score_sentiment",
        "c_truncated", "c_embedding",
    ]  # fmt: skip
    assert tuple(found) == both.wanted.columns
    assert len(calls) == 1
    encoder = claxon.Encoder.load(tiny_bundle, threads=1)
    np.testing.assert_allclose(found["c_embedding"], encoder.encode(TEXTS, on_truncation="ignore"), atol=1e-6)


def test_threads_change_no_bit(tiny_bundle: Path) -> None:
    alone, three = (predictor(tiny_bundle, n, heads=("sentiment",), embed=True)(TEXTS * 9) for n in (1, 3))
    assert all((alone[name] == three[name]).all() for name in alone)


def test_a_row_that_is_no_text_is_named(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match="row 1 is int"):
        predictor(tiny_bundle, heads=("sentiment",))(["good", 3])  # type: ignore[list-item]


def test_or_recorded_and_the_others_served(tiny_bundle: Path) -> None:
    texts: list[object] = ["good", None, "awful", 3]
    found = predictor(tiny_bundle, heads=("sentiment",), embed=True, errors="record")(texts)  # type: ignore[arg-type]
    assert [label is None for label in found["predicted_label"]] == [False, True, False, True]
    assert np.isnan(found["score"]).tolist() == [False, True, False, True]
    assert np.isnan(found["embedding"]).any(axis=1).tolist() == [False, True, False, True]
    assert found["error"].tolist() == [None, None, None, "is int (3), expected str"]


def test_labels_that_do_not_pass_are_none_and_keep_their_score(tiny_bundle: Path) -> None:
    found = predictor(tiny_bundle, heads=("sentiment",), threshold=2.0)(TEXTS)
    assert found["predicted_label"].tolist() == [None] * 4
    assert (found["score"] > 0).all()


def test_no_texts_are_no_rows(tiny_bundle: Path) -> None:
    found = predictor(tiny_bundle, heads=("sentiment",), embed=True)([])
    assert {name: array.shape for name, array in found.items()} == {
        "predicted_label": (0,), "score": (0,), "truncated": (0,), "embedding": (0, 32),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (ColumnOptions(), "several heads"),
        (ColumnOptions(("mood",)), "no head 'mood'; its heads are: sentiment, topic"),
        (ColumnOptions(("topic", "topic")), "named twice"),
        (ColumnOptions(("topic",), errors="skip"), "errors is 'skip', expected one of raise, record"),
        (ColumnOptions(("topic",), threshold=float("nan")), "threshold is nan"),
    ],
)
def test_what_cannot_be_met_is_an_error(asked: ColumnOptions, words: str, tiny_bundle: Path) -> None:
    with pytest.raises(OptionError, match=words):
        ColumnSpec.from_options(Bundle.open(tiny_bundle), asked)


def test_an_embedding_alone_needs_no_head(tiny_bundle: Path) -> None:
    wanted = ColumnSpec.from_options(Bundle.open(tiny_bundle), ColumnOptions(embed=True))
    assert (wanted.heads, wanted.width, wanted.columns) == ((), 32, ("truncated", "embedding"))


def test_a_column_that_is_there_already_is_an_error(tiny_bundle: Path) -> None:
    wanted = ColumnSpec.from_options(Bundle.open(tiny_bundle), ColumnOptions(("topic",)))
    wanted.check_new(["text", "label"])
    with pytest.raises(OptionError, match="a column 'score' already; give for instance prefix='claxon_'"):
        wanted.check_new(["text", "score"])


def test_what_is_asked_travels_and_is_a_key() -> None:
    asked = ColumnOptions(given_heads(["a", "b"]), embed=True)
    assert pickle.loads(pickle.dumps(asked)) == asked
    assert len({asked, ColumnOptions(("a", "b"), embed=True), ColumnOptions()}) == 2


def test_one_head_or_several_or_none() -> None:
    assert (given_heads("a"), given_heads(["a", "b"]), given_heads(None)) == (("a",), ("a", "b"), None)


def test_a_bundle_is_a_path_or_what_finds_one(tmp_path: Path) -> None:
    assert found_bundle(tmp_path) == tmp_path
    assert found_bundle(lambda: "there") == "there"
    for wrong in (3, lambda: None):
        with pytest.raises(OptionError, match="a function without arguments that finds it on each node"):
            found_bundle(wrong)


def test_every_kind_of_head_has_its_columns(bundle_of_kinds: Path) -> None:
    heads = ("tags", "stars", "margin")
    found = predictor(bundle_of_kinds, heads=heads)([*TEXTS, " "])
    assert list(found) == [
        "predicted_label_tags", "score_tags", "score_stars", "predicted_label_margin", "score_margin", "truncated",
    ]  # fmt: skip
    for head in heads:
        expected = claxon.load(bundle_of_kinds, head, threads=1).predictions(TEXTS, on_truncation="ignore")
        np.testing.assert_allclose(found[f"score_{head}"][:-1], expected.scores.max(axis=1), atol=1e-5)
        assert np.isnan(found[f"score_{head}"][-1])
        if head != "stars":
            assert found[f"predicted_label_{head}"].tolist() == [*expected.labels.tolist(), None]


def test_a_margin_that_a_head_has_not_is_refused_before_anything_is_loaded(bundle_of_kinds: Path) -> None:
    with pytest.raises(OptionError, match="head 'tags' gives any number of labels"):
        ColumnSpec.from_options(Bundle.open(bundle_of_kinds), ColumnOptions(heads=("tags",), margin=0.1))
