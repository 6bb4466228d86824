"""An evaluation -> all of its pictures, as PNG, with words for those who do not see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from claxon_export.evaluation.plots.confusion import confusion_picture
from claxon_export.evaluation.plots.embedding_map import hexbin_picture, remarks, scatter_picture
from claxon_export.evaluation.plots.learning_curve import learning_picture
from claxon_export.evaluation.plots.names import Names, names_of
from claxon_export.evaluation.plots.projection import projected
from claxon_export.evaluation.plots.reliability import reliability_picture
from claxon_export.evaluation.plots.score_distribution import score_picture
from claxon_export.evaluation.plots.style import drawing, png
from claxon_export.evaluation.results import Evaluation, HeadEvaluation
from claxon_export.metrics.results import Metric, spelled

FEWEST_FOR_A_MAP = 3
MOST_BESIDE = 4  # labels of a confusion matrix that can be read at half the width of a page
SCORES_ALT = "Two histograms of the best score: of texts labeled right upward, of those labeled wrong downward."
SCORES_CAPTION = "The less the two overlap, the more errors a threshold can remove."
HEXBIN_CAPTION = "Labels whose texts lie apart are easy to separate; where two overlap, they are hard to separate."
SCATTER_CAPTION = "Rings inside a cloud of another color are often texts whose label deserves a second look."


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as PNG.

    Attributes:
        name: Of its file, without the suffix.
        head: Whose it is; ``None`` where it is about the texts.
        alt: What is to be seen, for those who do not see it.
        caption: What to read out of it.
        is_wide: It needs the whole width of a page.
    """

    name: str
    head: str | None
    title: str
    alt: str
    caption: str
    content: bytes
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Gallery:
    """All pictures, and the labels that they show as numbers, by number."""

    pictures: tuple[Picture, ...]
    numbered_labels: dict[str, str]


def drawn(evaluation: Evaluation) -> Gallery:
    """Draw everything that the evaluation has figures for.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    head_labels = [spelled(label) for head in evaluation.heads for label in head.labels]
    names = names_of([*head_labels, *evaluation.source.label_counts], [head.name for head in evaluation.heads])
    with drawing(names.families):
        pictures = [*_of_heads(evaluation, names), *_maps(evaluation, names), *_curves(evaluation)]
    return Gallery(tuple(pictures), dict(names.numbered))


def _of_heads(evaluation: Evaluation, names: Names) -> Iterator[Picture]:
    for head in evaluation.heads:
        texts, mistake, name = sum(map(sum, head.confusion)), _largest_confusion(head), head.name
        alt = f"Matrix of {texts:,} texts, truth by rows and label given by columns. {mistake}"
        figure = confusion_picture(head, names)
        is_wide = len(head.labels) > MOST_BESIDE
        yield Picture(f"confusion-{name}", name, "Confusion matrix", alt, mistake, png(figure), is_wide)
        curve = reliability_picture(head)
        if curve is not None:
            words = _calibration(head)
            alt = f"Share labeled right by confidence in 15 bins. {words}"
            yield Picture(f"reliability-{name}", name, "Reliability", alt, words, png(curve))
        scores = score_picture(head, evaluation.conditions.threshold)
        yield Picture(f"scores-{name}", name, "Scores", SCORES_ALT, SCORES_CAPTION, png(scores))


def _maps(evaluation: Evaluation, names: Names) -> Iterator[Picture]:
    sample = evaluation.sample
    if sample is None or len(sample.truths) < FEWEST_FOR_A_MAP:
        return
    for feature, vectors in sample.vectors.items():
        projection = projected(vectors, sample.seed)
        how = "; ".join(remarks(sample, projection))
        figure = hexbin_picture(sample, projection, feature, names)
        alt = f"One panel per label: where its texts lie among all texts on a plane. {how}."
        yield Picture(f"labels-{feature}", None, f"Labels in {feature}", alt, HEXBIN_CAPTION, png(figure), True)
        for head in evaluation.heads:
            if head.feature == feature:
                scatter = scatter_picture(sample, projection, head.name, names)
                alt = f"Texts on a plane by their label, ringed where head {head.name} labels them wrong. {how}."
                yield Picture(
                    f"map-{head.name}", head.name, "Map of the texts", alt, SCATTER_CAPTION, png(scatter), True
                )


def _curves(evaluation: Evaluation) -> Iterator[Picture]:
    for curve in evaluation.learning_curves:
        of_feature = [head for head in evaluation.heads if head.feature == curve.feature]
        levels = {f"head {head.name}": head.metrics[Metric.ACCURACY].value for head in of_feature}
        levels["most frequent label"] = evaluation.baselines[0].metrics[Metric.ACCURACY].value
        first, last = curve.points[0], curve.points[-1]
        alt = (
            f"Accuracy goes from {first.accuracy:.3f} with {first.texts:,} labeled texts to {last.accuracy:.3f} with "
            f"{last.texts:,}."
        )
        caption = f"Heads {curve.source}. Where it still rises at the right, more labels would help."
        figure = learning_picture(curve, levels)
        yield Picture(f"learning-{curve.feature}", None, "Learning curve", alt, caption, png(figure))


def _largest_confusion(head: HeadEvaluation) -> str:
    """The most common mistake, in words."""
    mistakes = {
        (truth, given): texts
        for truth, row in zip(head.labels, head.confusion, strict=True)
        for given, texts in zip(head.labels, row, strict=True)
        if truth != given
    }
    (truth, given), texts = max(mistakes.items(), key=lambda item: item[1])
    if not texts:
        return "No text was given a wrong label."
    return f"The most common mistake: {texts:,} texts whose truth is {spelled(truth)} were given {spelled(given)}."


def _calibration(head: HeadEvaluation) -> str:
    bins = [result for result in head.reliability or () if result.texts]
    texts = sum(result.texts for result in bins)
    confidence = sum((result.confidence or 0.0) * result.texts for result in bins) / texts
    accuracy = sum((result.accuracy or 0.0) * result.texts for result in bins) / texts
    return f"On average it is {confidence:.1%} confident and {accuracy:.1%} accurate."
