from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import claxon
from claxon.bundle.bundle import Bundle
from claxon.errors import OptionError, TokenizationError
from claxon.formats.lines import InputFormat
from claxon.jobs.labelling import Labeller, added_fields
from claxon.jobs.plan import JobOptions
from claxon.jobs.planning import JobRequest, job_options
from claxon.labelling.arrow_columns import label_type
from tests.jobs import short_texts

TEXTS = [*short_texts(60), "", "very " * 100]


def options_of(bundle: Bundle, **request: Any) -> JobOptions:
    whole: JobRequest = {"heads": ["sentiment", "topic"], **request}  # type: ignore[typeddict-item]  # whatever is tested
    return job_options(bundle, InputFormat.CSV, whole)


def labelled(bundle: Bundle, texts: list[str], **request: Any) -> dict[str, Any]:
    options = options_of(bundle, **request)
    labeller = Labeller(bundle, options, "fp32", 1)
    names = [field.name for field in added_fields(bundle.manifest, options)]
    found = labeller.label(texts)
    labeller.close()
    return {**dict(zip(names, found.arrays, strict=True)), "found": found}


# Those that get a label: an empty text is told of in a test of its own.
SAYING = [text for text in TEXTS if text.strip()]


def test_labels_and_scores_are_those_of_the_classifier(tiny_bundle: Path, several: claxon.Classifier) -> None:
    found = labelled(Bundle.open(tiny_bundle), SAYING)
    for head, expected in several.predictions_all(SAYING, on_truncation="ignore").items():
        assert found[f"predicted_label_{head}"].to_pylist() == expected.labels.tolist()
        np.testing.assert_allclose(found[f"score_{head}"], expected.scores.max(axis=1), atol=1e-6)
        assert found["truncated"].to_pylist() == expected.truncated.tolist()
        assert found["found"].n_tokens == expected.n_tokens.sum()
    assert found["found"].truncated == 1


@pytest.mark.parametrize(("kind", "tolerance"), [("float32", 1e-6), ("float16", 1e-3)])
def test_embeddings_are_lists_of_fixed_size(
    tiny_bundle: Path, encoder: claxon.Encoder, kind: str, tolerance: float
) -> None:
    found = labelled(Bundle.open(tiny_bundle), TEXTS, heads=None, embed=kind)["embedding"]
    assert found.type == pa.list_(pa.float16() if kind == "float16" else pa.float32(), encoder.width)
    rows = found.to_pylist()
    assert rows[TEXTS.index("")] is None
    expected = encoder.encode([text for text in TEXTS if text], on_truncation="ignore")
    np.testing.assert_allclose(np.array([row for row in rows if row], np.float32), expected, atol=tolerance)


def test_a_label_below_the_threshold_is_null_and_its_score_stays(tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    middle = float(np.median(labelled(bundle, SAYING, heads="sentiment")["score"].to_pylist()))
    found = labelled(bundle, SAYING, heads="sentiment", threshold=middle, prefix="my_")
    labels, scores = found["my_predicted_label"].to_pylist(), found["my_score"].to_pylist()
    assert [label is None for label in labels] == [score < middle for score in scores]
    assert 0 < labels.count(None) < len(labels)


def test_a_text_that_is_empty_or_blank_has_no_label_and_no_score(tiny_bundle: Path) -> None:
    found = labelled(Bundle.open(tiny_bundle), ["good", "", " \n"], heads="sentiment")
    assert [label is None for label in found["predicted_label"].to_pylist()] == [False, True, True]
    assert [score is None for score in found["score"].to_pylist()] == [False, True, True]


def test_a_text_that_the_tokenizer_fails_on_is_told_of(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = Bundle.open(tiny_bundle)
    labeller = Labeller(bundle, options_of(bundle), "fp32", 1)
    tokenizer = labeller._encoder._tokenizer

    def failing(texts: list[str]) -> Any:
        if "bad" in texts:
            raise TokenizationError("it broke", "bad")
        return tokenizer(texts)

    monkeypatch.setattr(labeller._encoder, "_tokenizer", failing)
    found = labeller.label(["good", "bad", "great"])
    assert [failure.row for failure in found.failed] == [1]
    assert [len(array) for array in found.arrays] == [2] * 5


def test_no_texts_give_columns_without_rows(tiny_bundle: Path) -> None:
    found = labelled(Bundle.open(tiny_bundle), [], embed="float32")
    assert [len(array) for array in found["found"].arrays] == [0] * 6


@pytest.mark.parametrize(
    ("labels", "expected"),
    [(("a", "b"), pa.string()), ((1, 2), pa.int64()), ((0.5, 1.5), pa.float64()), ((True, False), pa.bool_()),
     ((1, "b"), pa.string())],
)  # fmt: skip
def test_labels_keep_their_type(labels: tuple[Any, ...], expected: Any) -> None:
    assert label_type(labels) == expected


def test_a_feature_that_is_not_there(tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    with pytest.raises(OptionError, match="has no feature 'nothing'"):
        added_fields(bundle.manifest, options_of(bundle, embed="float32", feature="nothing"))


def test_several_labels_are_lists_and_numbers_are_scores(bundle_of_kinds: Path) -> None:
    bundle = Bundle.open(bundle_of_kinds)
    found = labelled(bundle, TEXTS, heads=["tags", "stars"])
    several = claxon.load(bundle_of_kinds, threads=1).predictions_all(SAYING, on_truncation="ignore")
    is_said = [bool(text.strip()) for text in TEXTS]
    assert found["predicted_label_tags"].type == pa.list_(pa.string())
    assert "predicted_label_stars" not in found
    labels = [row for row, is_kept in zip(found["predicted_label_tags"].to_pylist(), is_said, strict=True) if is_kept]
    assert labels == [list(row) for row in several["tags"].labels]
    numbers = found["score_stars"].filter(pa.array(is_said))
    np.testing.assert_allclose(numbers, several["stars"].labels, atol=1e-5)
    assert found["score_stars"].null_count == len(TEXTS) - len(SAYING)


def test_a_margin_that_a_head_has_not_is_refused_at_planning(bundle_of_kinds: Path) -> None:
    with pytest.raises(OptionError, match="head 'tags' gives any number of labels"):
        options_of(Bundle.open(bundle_of_kinds), heads=["tags"], margin=0.1)
