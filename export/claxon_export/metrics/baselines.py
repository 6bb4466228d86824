"""Classifiers that look at no text: what a head must beat."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from claxon_export.requirements import required

Array = np.ndarray[Any, Any]


class Baseline(StrEnum):
    """``most_frequent`` always predicts the most common label; ``stratified`` draws one by the labels' shares."""

    MOST_FREQUENT = "most_frequent"
    STRATIFIED = "stratified"


# "prior" is "most_frequent" whose probabilities are the labels' shares, so that its log loss means something.
STRATEGIES = {Baseline.MOST_FREQUENT: "prior", Baseline.STRATIFIED: "stratified"}


@dataclass(frozen=True, slots=True)
class BaselineAnswers:
    """What a baseline answers.

    Attributes:
        predicted: Columns of the labels given. Shape: ``(texts,)``.
        probabilities: Shape: ``(texts, labels)``; ``None`` where they are nothing but 0 and 1.
    """

    predicted: Array
    probabilities: Array | None


def baseline_answers(truth: Array, labels: int, seed: int) -> dict[Baseline, BaselineAnswers]:
    """What scikit-learn's ``DummyClassifier`` answers.

    It knows the shares of the very texts that judge, which is as good as such a classifier can be.

    Args:
        truth: Columns of the true labels. Shape: ``(texts,)``.
        labels: How many columns there are.
        seed: Of the stratified draw.
    """
    blind = np.zeros((len(truth), 1))
    answers = {}
    for baseline, strategy in STRATEGIES.items():
        dummy = required("sklearn.dummy").DummyClassifier(strategy=strategy, random_state=seed).fit(blind, truth)
        shares = None
        if baseline is Baseline.MOST_FREQUENT:
            shares = np.zeros((len(truth), labels))
            shares[:, dummy.classes_] = dummy.class_prior_
        answers[baseline] = BaselineAnswers(dummy.predict(blind), shares)
    return answers
