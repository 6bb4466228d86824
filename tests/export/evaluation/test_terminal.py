"""What stands on the terminal."""

from __future__ import annotations

from claxon_export.evaluation.terminal import evaluation_lines
from tests.evaluations import sample_evaluation


def shown(labels: tuple[str, ...] = ("bad", "good")) -> str:
    return "\n".join(evaluation_lines(sample_evaluation(labels)))


def test_everything_is_there() -> None:
    words = shown()
    for part in (
        "tiny on folder/texts.csv: 120 texts, 2 labels; fp32 on cpu",
        "2 left out: without text",
        "1 of 120 texts were cut at 48 tokens",
        "head 'stars' is not evaluated",
        "mood",
        "most frequent label",
        "labels drawn by share",
        "in brackets: 95 % bootstrap intervals, 50 resamples",
        "log loss and calibration error of topic: cosines are not probabilities",
        "by McNemar's test",
        "head topic: similarity on embedding",
        "precision",
        "most confidently wrong",
        "slowest texts, each alone, medians of three",
        "line 7   12.5 ms   60 tokens",
    ):
        assert part in words


def test_nothing_steers_the_terminal() -> None:
    assert all(character.isprintable() or character == "\n" for character in shown(("ba\x1bd", "go\rod")))


def test_many_labels_are_not_all_shown() -> None:
    assert "and 10 more labels: --json, --report" in shown(tuple(f"label {i}" for i in range(40)))


def test_the_table_of_figures_lies_the_narrower_way() -> None:
    assert max(map(len, shown().splitlines())) < 130
