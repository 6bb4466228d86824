"""What is run again, as data: which head on which texts, the published figure, and why ours is not the same."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import claxon_export
from claxon import LabelSet


class Model(StrEnum):
    """The two bundles that the experiments run on."""

    DISTILBERT = "distilbert"
    MPNET = "mpnet"


class Texts(StrEnum):
    """Folders of labelled texts, each with ``train.csv`` and ``validation.csv`` (``amazon_stars`` has no training)."""

    AMAZON_REVIEWS = "amazon_reviews"
    AMAZON_STARS = "amazon_stars"
    EMOTION = "emotion"
    SST2 = "sst2"


@dataclass(frozen=True, slots=True)
class Published:
    """A figure from the published experiments: accuracy, 0 to 1, and what it was measured on."""

    accuracy: float
    how: str


@dataclass(frozen=True, slots=True)
class Classifier:
    """The checkpoint's own classifier on the validation texts.

    ``label_map`` says what the head calls the labels of the texts.
    """

    name: str
    model: Model
    texts: Texts
    label_map: dict[str, str]
    published: Published | None = None
    difference: str = ""


@dataclass(frozen=True, slots=True)
class Trained:
    """A LogisticRegression on one feature, fitted on ``rows`` training texts (``None``: all), judged on validation."""

    name: str
    model: Model
    texts: Texts
    feature: str
    rows: int | None = None
    published: Published | None = None
    difference: str = ""


@dataclass(frozen=True, slots=True)
class Steps:
    """Similarity to the five steps from Very Negative to Very Positive, none of which was learnt from these texts."""

    name: str
    model: Model
    labels: LabelSet
    texts: Texts = Texts.AMAZON_STARS


Experiment = Classifier | Trained | Steps

PUBLISHED_WIDTH = 768
OTHER_REVIEWS = "other reviews: four kinds of goods, 2007"
CLASSIFIERS = (
    Classifier(
        "DistilBERT as it comes, reviews in two classes",
        Model.DISTILBERT,
        Texts.AMAZON_REVIEWS,
        {"negative": "NEGATIVE", "positive": "POSITIVE"},
        Published(0.80, "1,500 Amazon reviews"),
        OTHER_REVIEWS,
    ),
    Classifier("DistilBERT as it comes, SST-2, which it was tuned on", Model.DISTILBERT, Texts.SST2, {}),
)
HEADS = (
    Trained(
        "DistilBERT, mean of tokens + LR, reviews, 1,500 to learn from",
        Model.DISTILBERT,
        Texts.AMAZON_REVIEWS,
        "mean",
        1500,
        Published(0.85, "1,500 to learn from, 1,500 judged"),
        OTHER_REVIEWS + "; the mean leaves padding out, the published one took it in",
    ),
    Trained("DistilBERT, mean of tokens + LR, reviews", Model.DISTILBERT, Texts.AMAZON_REVIEWS, "mean"),
    Trained(
        "DistilBERT, [CLS] + LR, six emotions",
        Model.DISTILBERT,
        Texts.EMOTION,
        "cls",
        None,
        Published(0.6405, "16,000 to learn from, the same 2,000 judged"),
        "C chosen by cross-validation",
    ),
    Trained("DistilBERT, mean of tokens + LR, six emotions", Model.DISTILBERT, Texts.EMOTION, "mean"),
    Trained(
        "MPNet + LR, reviews",
        Model.MPNET,
        Texts.AMAZON_REVIEWS,
        "embedding",
        None,
        Published(0.87, "100,000 to learn from, 10,000 judged"),
        "a twentieth of the texts to learn from; " + OTHER_REVIEWS,
    ),
    Trained("MPNet + LR, six emotions", Model.MPNET, Texts.EMOTION, "embedding"),
    Trained("MPNet + LR, SST-2, 10,000 to learn from", Model.MPNET, Texts.SST2, "embedding", 10_000),
)
STEPS = tuple(
    Steps(f"MPNet, five steps by similarity, {what}", Model.MPNET, labels)
    for what, labels in (
        ("bare labels", LabelSet.of(["Very Negative", "Negative", "Neutral", "Positive", "Very Positive"])),
        ("descriptions", LabelSet.from_file(Path(__file__).with_name("likert_descriptions.yaml"))),
        ("phrasings", LabelSet.from_file(Path(claxon_export.__file__).with_name("texts") / "likert.json")),
    )
)
EXPERIMENTS: tuple[Experiment, ...] = (*CLASSIFIERS, *HEADS, *STEPS)
