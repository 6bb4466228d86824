"""The most confidently wrong and the slowest texts."""

from __future__ import annotations

import numpy as np

from claxon_export.evaluation.notable import most_confidently_wrong, slowest_texts
from claxon_export.metrics.scores import Answers

SCORES = np.array([[0.9, 0.1], [0.2, 0.8], [0.45, 0.55], [0.3, 0.7]], np.float32)
TEXTS = ["a", "b", "c", "d"]
LINES = [2, 3, 4, 9]


def test_wrong_texts_come_surest_first() -> None:
    result = most_confidently_wrong(Answers.from_scores(np.array([0, 0, 0, 0]), SCORES), TEXTS, LINES, ("no", "yes"), 2)
    assert [(text.line, text.text, text.truth, text.predicted) for text in result] == [
        (3, "b", "no", "yes"),
        (9, "d", "no", "yes"),
    ]
    assert round(result[0].score, 4) == 0.8


def test_texts_without_a_label_are_not_confidently_wrong() -> None:
    answers = Answers.from_scores(np.array([1, 0, 0, 0]), SCORES, threshold=0.75)
    assert [text.line for text in most_confidently_wrong(answers, TEXTS, LINES, ("no", "yes"), 9)] == [2, 3]


def test_a_text_is_quoted_once() -> None:
    result = most_confidently_wrong(
        Answers.from_scores(np.zeros(4, int), SCORES), ["a", "b", "b", "b"], LINES, (0, 1), 9
    )
    assert [text.line for text in result] == [3]


def test_the_texts_with_most_tokens_are_timed_alone() -> None:
    ran: list[str] = []
    # after the run that warms up: c takes 1, 2, 9 s, a takes 3, 3, 3 s
    times = iter([0, 1, 1, 3, 3, 12, 20, 23, 23, 26, 26, 29])
    result = slowest_texts(TEXTS, LINES, np.array([7, 2, 9, 3]), ran.append, 2, clock=lambda: float(next(times)))
    assert ran == ["c", "c", "c", "c", "a", "a", "a"]
    assert [(text.line, text.n_tokens, text.latency_ms) for text in result] == [(2, 7, 3000.0), (4, 9, 2000.0)]


def test_a_long_text_that_is_there_twice_is_timed_once() -> None:
    result = slowest_texts(["a", "b", "a"], [1, 2, 3], np.array([9, 5, 9]), lambda _: None, 2)
    assert sorted(text.line for text in result) == [1, 2]
