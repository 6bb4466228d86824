from __future__ import annotations

import inspect
from typing import Any, TypedDict, Unpack

import pytest

import claxon
from claxon.support.signatures import names_nearest, shows_options


class Options(TypedDict, total=False):
    batch_size: int | None
    errors: str


@shows_options(Options, {"batch_size": None, "errors": "raise"})
def run(texts: list[str], *, margin: float = 0.0, **options: Unpack[Options]) -> tuple[list[str], float, Options]:
    return texts, margin, options


def test_every_option_is_shown_with_its_default() -> None:
    shown = inspect.signature(run)
    assert list(shown.parameters) == ["texts", "margin", "batch_size", "errors"]
    assert shown.parameters["errors"].default == "raise"


def test_options_are_handed_on() -> None:
    assert run(["a"], margin=1.0, errors="record") == (["a"], 1.0, {"errors": "record"})


def test_a_wrong_keyword_names_the_call_and_the_nearest_option() -> None:
    with pytest.raises(
        TypeError, match=r"^run\(\) got an unexpected keyword argument 'batchsize'; did you mean 'batch_size'"
    ):
        run(["a"], batchsize=3)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "call",
    [
        claxon.load, claxon.Classifier.from_labels, claxon.Classifier.predict, claxon.Classifier.predict_proba,
        claxon.Classifier.classify, claxon.Classifier.predict_all, claxon.Classifier.predictions,
        claxon.Classifier.predictions_iter, claxon.Classifier.predictions_all, claxon.Classifier.similarity,
        claxon.Encoder.load, claxon.Encoder.from_bundle, claxon.Encoder.encode, claxon.LabelSet.from_file,
    ],
    ids=lambda call: call.__qualname__,
)  # fmt: skip
def test_no_public_call_hides_its_options(call: object) -> None:
    kinds = {one.kind for one in inspect.signature(call).parameters.values()}  # type: ignore[arg-type]
    assert inspect.Parameter.VAR_KEYWORD not in kinds


def test_a_wrong_keyword_of_predict(classifier: claxon.Classifier) -> None:
    with pytest.raises(TypeError, match=r"Classifier\.predict\(\) .*'show_progress'; did you mean 'show_progress_bar'"):
        classifier.predict(["a"], show_progress=True)  # type: ignore[call-arg]


def test_a_wrong_word_names_the_public_call_and_the_nearest_right_one() -> None:
    @names_nearest
    def label(texts: list[str], *, threshold: float | None = None) -> list[str]:
        """Label texts."""
        return texts if threshold is None else []

    assert label(["a"], threshold=None) == ["a"]
    with pytest.raises(TypeError, match=r"label\(\) got an unexpected keyword argument 'treshold'; did you mean 'thr"):
        label(["a"], treshold=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"argument 'x'$"):
        label(["a"], x=1)  # type: ignore[call-arg]
    assert inspect.signature(label).parameters.keys() == {"texts", "threshold"}


@pytest.mark.parametrize(
    ("call", "wrong", "right"),
    [
        (claxon.load, "max_token", "max_tokens"),
        (claxon.Encoder.load, "thread", "threads"),
        (claxon.Encoder.encode, "show_progress", "show_progress_bar"),
        (claxon.Classifier.predict, "show_progress", "show_progress_bar"),
        (claxon.Classifier.from_labels, "temprature", "temperature"),
    ],
)
def test_every_public_call_does(call: Any, wrong: str, right: str) -> None:
    with pytest.raises(TypeError, match=rf"^{call.__qualname__}\(\) got .* {wrong!r}; did you mean {right!r}\?$"):
        call(None, **{wrong: 1})
