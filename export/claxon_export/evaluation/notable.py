"""Texts worth reading: the most confidently wrong, and the slowest."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from claxon.bundle.manifest import LabelValue
from claxon_export.evaluation.results import SlowText, WrongText
from claxon_export.metrics.scores import ABSTAINED, Answers

Array = np.ndarray[Any, Any]

TIMED_RUNS = 3


def most_confidently_wrong(
    answers: Answers, texts: Sequence[str], lines: Sequence[int], labels: Sequence[LabelValue], most: int
) -> tuple[WrongText, ...]:
    """Texts that were given a label, another than the truth, and with the largest scores; each text once."""
    is_wrong = (answers.predicted != answers.truth) & (answers.predicted != ABSTAINED)
    rows = np.flatnonzero(is_wrong)
    by_score = rows[np.argsort(-answers.best_scores[rows], kind="stable")].tolist()
    first_of_each = list({texts[row]: row for row in reversed(by_score)}.values())[::-1]
    return tuple(
        WrongText(
            lines[row],
            texts[row],
            labels[int(answers.truth[row])],
            labels[int(answers.predicted[row])],
            float(answers.best_scores[row]),
        )
        for row in first_of_each[:most]
    )


def slowest_texts(
    texts: Sequence[str],
    lines: Sequence[int],
    n_tokens: Array,
    run: Callable[[str], object],
    most: int,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[SlowText, ...]:
    """The texts with most tokens, each run alone three times after one run to warm up; the slowest first.

    Args:
        texts: All of them.
        lines: Of the source.
        n_tokens: Before the cut. Shape: ``(texts,)``.
        run: Runs one text through everything.
        most: How many.
        clock: In seconds.
    """
    longest = np.argsort(-n_tokens, kind="stable").tolist()
    rows = list({texts[row]: row for row in reversed(longest)}.values())[::-1][:most]
    for row in rows[:1]:
        run(texts[row])
    timed = [SlowText(lines[row], texts[row], int(n_tokens[row]), _median_ms(run, texts[row], clock)) for row in rows]
    return tuple(sorted(timed, key=lambda text: -text.latency_ms))


def _median_ms(run: Callable[[str], object], text: str, clock: Callable[[], float]) -> float:
    seconds = []
    for _ in range(TIMED_RUNS):
        start = clock()
        run(text)
        seconds.append(clock() - start)
    return 1000 * statistics.median(seconds)
