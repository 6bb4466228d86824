"""An experiment -> its rows: one head, fitted and judged in every precision that its bundle holds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import claxon_export
from accuracy.experiments import PUBLISHED_WIDTH, Classifier, Experiment, Model, Published, Steps, Texts
from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import HeadKind, LabelValue
from claxon_export.data.labelled import LabelledTexts, read_labelled
from claxon_export.evaluation.results import Evaluation
from claxon_export.metrics.results import Estimate, Metric

TRAIN, VALIDATION = "train.csv", "validation.csv"
MOST_FREQUENT = "most_frequent"


@dataclass(frozen=True, slots=True)
class Row:
    """One head in one precision on the validation texts.

    Attributes:
        learnt_from: Texts that it was fitted on; 0 where nothing was.
        accuracy: With its 95 % bootstrap interval.
        most_frequent: Accuracy of always naming the commonest label.
        within_one: For steps of a scale: accuracy where the next step counts as right.
    """

    experiment: str
    model: Model
    precision: str
    texts: Texts
    learnt_from: int
    judged: int
    accuracy: Estimate
    macro_f1: float
    most_frequent: float
    within_one: Estimate | None
    published: Published | None
    difference: str


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where things lie: labelled texts, and a copy of each bundle that heads are added to."""

    data: Path
    bundles: dict[Model, Path]
    seed: int = 0

    def read(self, texts: Texts, name: str) -> LabelledTexts:
        """The rows of a table."""
        return _read(self.data / texts / name)


@cache
def _read(path: Path) -> LabelledTexts:
    return read_labelled(str(path), text_column="text")


def run(experiment: Experiment, place: Workplace, on_row: Callable[[Row], object]) -> Iterator[Row]:
    """The experiment in every precision that its bundle holds for the CPU, each told of when it is done."""
    bundle = place.bundles[experiment.model]
    for variant in Bundle.open(bundle).manifest.encoder.variants:
        if "cpu" not in variant.devices:
            continue
        row = _row(experiment, place, str(variant.precision))
        on_row(row)
        yield row


def _row(experiment: Experiment, place: Workplace, precision: str) -> Row:
    judged = place.read(experiment.texts, VALIDATION)
    head = _head(experiment, place, precision)
    label_map = experiment.label_map if isinstance(experiment, Classifier) else None
    evaluation = claxon_export.evaluate(
        place.bundles[experiment.model],
        judged.texts,
        judged.labels,
        heads=[head.name],
        label_map=label_map,
        ordered=isinstance(experiment, Steps),
        seed=place.seed,
        device="cpu",
        precision=precision,
        show_progress_bar=True,
    )
    width = Bundle.open(place.bundles[experiment.model]).manifest.encoder.width
    return _told(experiment, precision, head, evaluation, width)


def _head(experiment: Experiment, place: Workplace, precision: str) -> _Head:
    bundle = place.bundles[experiment.model]
    if isinstance(experiment, Classifier):
        return _Head(_pretrained(bundle), 0)
    if isinstance(experiment, Steps):
        claxon_export.add_head(bundle, "steps", labels=experiment.labels, force=True)
        return _Head("steps", 0)
    rows = draw(place.read(experiment.texts, TRAIN), experiment.rows, place.seed)
    claxon_export.fit(
        bundle,
        rows.texts,
        rows.labels,
        head="fitted",
        feature=experiment.feature,
        C="auto",
        test_size=0,
        seed=place.seed,
        device="cpu",
        precision=precision,
        force=True,
        show_progress_bar=True,
    )
    return _Head("fitted", len(rows.texts))


@dataclass(frozen=True, slots=True)
class _Head:
    """A head of the bundle, and from how many texts it was learnt."""

    name: str
    learnt_from: int


def _pretrained(bundle: Path) -> str:
    return next(head.name for head in Bundle.open(bundle).manifest.heads if head.kind is HeadKind.PRETRAINED)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Rows of a table."""

    texts: Sequence[str]
    labels: Sequence[LabelValue]


def draw(labelled: LabelledTexts, count: int | None, seed: int) -> Drawn:
    """So many rows, drawn with a seed; all where no count is given."""
    rows = range(len(labelled)) if count is None else sorted(random.Random(seed).sample(range(len(labelled)), count))
    return Drawn([labelled.texts[row] for row in rows], [labelled.labels[row] for row in rows])


def _told(experiment: Experiment, precision: str, head: _Head, evaluation: Evaluation, width: int) -> Row:
    found = evaluation.head(head.name).metrics
    baseline = next(found.metrics for found in evaluation.baselines if found.name == MOST_FREQUENT)
    return Row(
        experiment=experiment.name,
        model=experiment.model,
        precision=precision,
        texts=experiment.texts,
        learnt_from=head.learnt_from,
        judged=evaluation.source.texts,
        accuracy=found[Metric.ACCURACY],
        macro_f1=found[Metric.MACRO_F1].value,
        most_frequent=baseline[Metric.ACCURACY].value,
        within_one=found.get(Metric.WITHIN_ONE),
        published=None if isinstance(experiment, Steps) else experiment.published,
        difference="" if isinstance(experiment, Steps) else _difference(experiment.difference, width),
    )


def _difference(reason: str, width: int) -> str:
    """Why a figure differs, the checkpoint first where it is not of the published one's size."""
    if width == PUBLISHED_WIDTH:
        return reason
    return f"another checkpoint, of width {width} instead of {PUBLISHED_WIDTH}; {reason}"
