"""What must hold of any call, whatever its texts and options: cases from hypothesis, and the checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

import claxon
from claxon import ClaxonError, InputError, OptionError, TruncatedTextError
from claxon.bundle.manifest import ScoreKind
from claxon_bench.soak import WORDS

TOLERANCE = 1e-5
MOST_TEXTS = 12


class Broken(AssertionError):  # noqa: N818 - it is what is looked for, no error of this program
    """Something that must hold does not."""


@dataclass(frozen=True, slots=True)
class Case:
    """A call.

    Attributes:
        name: Of the classifier, which ``classifiers`` has.
        rows: Texts, and perhaps what is none.
        options: For the call.
    """

    name: str
    classifiers: Mapping[str, claxon.Classifier]
    rows: tuple[Any, ...]
    options: Mapping[str, Any]

    @property
    def classifier(self) -> claxon.Classifier:
        """What is called."""
        return self.classifiers[self.name]

    def __repr__(self) -> str:
        """What it takes to make the call again."""
        return f"Case({self.name}, {list(self.rows)!r}, {dict(self.options)!r})"


CHARACTERS = st.characters(exclude_categories=())  # halves of surrogate pairs among them
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join)
TEXTS = st.one_of(SENTENCES, st.text(max_size=80), st.text(CHARACTERS, max_size=20), st.sampled_from(["", " ", "\0"]))
NO_TEXTS = st.sampled_from([None, 3, 2.5, float("nan"), b"x", ("a",), ["a"], True])
ROWS = st.one_of(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, NO_TEXTS)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([(), [], {}, b"", "ignore"]),
)


def mostly(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What an option takes, and now and then anything: one wrong option hides the others."""
    return st.one_of(right, right, right, right, ANYTHING)


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "batch_size": mostly(st.integers(1, 20)),
        "on_truncation": mostly(st.sampled_from(["warn", "ignore", "error"])),
        "errors": mostly(st.sampled_from(["raise", "record"])),
        "threshold": mostly(st.floats(0, 1)),
        "margin": mostly(st.floats(0, 1)),
    },
)


def cases(classifiers: Mapping[str, claxon.Classifier]) -> st.SearchStrategy[Case]:
    """Calls of any of the classifiers, some of their texts repeated."""
    rows = st.lists(ROWS, max_size=MOST_TEXTS).flatmap(
        lambda found: st.lists(st.sampled_from(found), max_size=MOST_TEXTS) if found else st.just([])
    )
    names = st.sampled_from(sorted(classifiers))
    return st.builds(
        lambda name, some, options: Case(name, classifiers, tuple(some), options), names, st.one_of(rows, rows), OPTIONS
    )


def is_text(row: Any) -> bool:
    """Whether a row can be classified."""
    return isinstance(row, str) and not any("\ud800" <= character <= "\udfff" for character in row)


def typed_errors_only(case: Case) -> None:
    """Any options and rows give a result with a row for each text, or an error of Claxon's."""
    try:
        found = case.classifier.predictions_all(list(case.rows), **case.options)
    except ClaxonError:
        return
    for predictions in found.values():
        _check(len(predictions.labels) == len(predictions.scores) == len(case.rows), "a row for each text")


def rows_that_are_no_texts(case: Case) -> None:
    """They fail the call with the first one's number; recorded, they leave the others as they are."""
    bad = [number for number, row in enumerate(case.rows) if not is_text(row)]
    if bad:
        words = _raised(InputError, lambda: case.classifier.predictions_all(case.rows, on_truncation="ignore"))
        _check(f"row {bad[0]} " in words, f"row {bad[0]} named in {words!r}")
    found = case.classifier.predictions_all(iter(case.rows), on_truncation="ignore", errors="record")
    good = [number for number, row in enumerate(case.rows) if is_text(row) and row.strip()]
    bad = [number for number in range(len(case.rows)) if number not in good]  # a text of blanks is missing, too
    whole = case.classifier.predictions_all([case.rows[number] for number in good], on_truncation="ignore")
    for name, predictions in found.items():
        _check([failure.row for failure in predictions.errors] == bad, "the rows that failed")
        _check(bool(np.isnan(predictions.scores[bad]).all()), "no scores of rows that failed")
        _check(all(label is None for label in predictions.labels[bad]), "no labels of rows that failed")
        _near(predictions.scores[good], whole[name].scores, "the scores of the others")
        _check(predictions.labels[good].tolist() == whole[name].labels.tolist(), "the labels of the others")


def one_by_one(case: Case) -> None:
    """Order, neighbours and batches change no answer; the shapes are right, and probabilities sum to one."""
    texts = _texts(case)
    together = case.classifier.predictions_all(texts, on_truncation="ignore", batch_size=_batch_size(case))
    column = case.classifier.predictions_all(np.array(texts, dtype=object), on_truncation="ignore")
    alone = [case.classifier.predictions_all([text], on_truncation="ignore") for text in texts]
    for name, predictions in together.items():
        head = case.classifier.heads[name]
        _check(predictions.scores.shape == (len(texts), len(head.labels)), "the scores' shape")
        _check(predictions.scores.dtype == np.float32, "the scores' dtype")
        _near(predictions.scores, column[name].scores, "the same from a column")
        for row, one in enumerate(alone):
            _near(predictions.scores[row], one[name].scores[0], f"row {row} alone")
            _check(predictions.n_tokens[row] == one[name].n_tokens[0], f"tokens of row {row} alone")
        if head.score_kind is ScoreKind.PROBABILITY or head.temperature is not None:
            _near(predictions.scores.sum(axis=1), np.ones(len(texts)), "probabilities that sum to one")


def truncation_is_told(case: Case) -> None:
    """A text is truncated if it has more tokens than the limit, and only then an error where that is asked for."""
    texts, limit = _texts(case), case.classifier.encoder.max_tokens
    found = next(iter(case.classifier.predictions_all(texts, on_truncation="ignore").values()))
    _check((found.truncated == (found.n_tokens > limit)).all(), "what is truncated")
    if found.truncated.any():
        _raised(TruncatedTextError, lambda: case.classifier.predictions_all(texts, on_truncation="error"))
    else:
        case.classifier.predictions_all(texts, on_truncation="error")


def thresholds_and_ranks(case: Case) -> None:
    """Labels are those of the largest scores, but for what threshold and margin leave out; ranks go down."""
    options = {name: case.options[name] for name in ("threshold", "margin") if name in case.options}
    try:
        found = case.classifier.predictions_all(_texts(case), on_truncation="ignore", **options)
    except OptionError:
        return
    for name, predictions in found.items():
        labels, scores = case.classifier.heads[name].labels, predictions.scores
        best = scores.argmax(axis=1) if len(scores) else np.empty(0, np.int64)
        for row, label in enumerate(predictions.labels.tolist()):
            _check(label is None or label == labels[best[row]], "the label of the largest score")
            _check(label is not None or bool(options), "a label, where nothing asks for less")
            _check(label is None or _passes(scores[row], options), "a score that passes")
    _ranked(case, options)


def _ranked(case: Case, options: Mapping[str, Any]) -> None:
    name = next(iter(case.classifier.heads))
    one = claxon.Classifier(case.classifier.encoder, case.classifier.heads, name)
    for labels in one.classify(_texts(case), top_k=None, on_truncation="ignore", **options):
        scores = [label.score for label in labels]
        _check(scores == sorted(scores, reverse=True), "ranks that go down")
        _check(len({label.label for label in labels}) == len(labels), "each label once")


def _passes(scores: np.ndarray[Any, Any], options: Mapping[str, Any]) -> bool:
    best, second = sorted(scores.tolist(), reverse=True)[:2]
    threshold, margin = options.get("threshold"), options.get("margin")
    return (threshold is None or best >= threshold - TOLERANCE) and (
        margin is None or best - second >= margin - TOLERANCE
    )


PROPERTIES: Mapping[str, Callable[[Case], None]] = {
    check.__name__: check
    for check in (typed_errors_only, rows_that_are_no_texts, one_by_one, truncation_is_told, thresholds_and_ranks)
}


def _texts(case: Case) -> list[str]:
    return [row for row in case.rows if is_text(row)]


def _batch_size(case: Case) -> int | None:
    size = case.options.get("batch_size")
    return size if type(size) is int and size > 0 else None


def _raised(kind: type[ClaxonError], call: Callable[[], object]) -> str:
    """The words of the error of this kind that the call must raise."""
    try:
        call()
    except kind as error:
        return str(error)
    raise Broken(f"no {kind.__name__}")


def _near(found: Any, expected: Any, what: str) -> None:
    difference = float(np.max(np.abs(np.asarray(found) - np.asarray(expected)), initial=0))
    _check(difference <= TOLERANCE, f"{what}: differs by {difference}")


def _check(is_so: object, what: str) -> None:
    if not is_so:
        raise Broken(what)
