"""Heads of every kind of scores, as the manifest may say them; test_manifest.py has what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claxon.bundle.manifest import Feature, ScoreKind
from claxon.bundle.manifest_checks import head_problem
from tests.bundles import sample_manifest

HEAD = sample_manifest().heads[0]


@pytest.mark.parametrize(
    ("scores", "labels", "thresholds"),
    [
        (ScoreKind.PROBABILITY, (1, 2), None),
        (ScoreKind.DECISION, (1, 2), None),
        (ScoreKind.MULTI_LABEL, ("toxic",), None),
        (ScoreKind.MULTI_LABEL, ("toxic", "insult"), (0.3, 0.7)),
        (ScoreKind.REGRESSION, ("stars",), None),
    ],
)
def test_what_holds_together(scores: ScoreKind, labels: tuple[str, ...], thresholds: tuple[float, ...] | None) -> None:
    head = replace(HEAD, scores=scores, labels=labels, thresholds=thresholds)
    assert head_problem(head, {Feature.MEAN}) is None


def test_the_first_problem_is_told() -> None:
    head = replace(HEAD, scores=ScoreKind.MULTI_LABEL, thresholds=(0.5, float("nan"), 0.5))
    assert head_problem(head, {Feature.MEAN}) == "needs 3 finite thresholds, one for each label"
    assert head_problem(head, {Feature.CLS}) == "reads 'mean', which the encoder does not output"
