"""Heads of several labels a text, and of numbers, on texts that say what is right."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature, HeadKind, HeadSpec, LabelValue, ScoreKind
from claxon.encoder.encoder import Encoder
from claxon.encoder.loading import LoadOptions
from claxon.engine.selection import AUTO
from claxon.errors import OptionError
from claxon.heads.answers import limits_of
from claxon.heads.decision import Abstention
from claxon.heads.heads import GraphHead, check_has_head
from claxon.storage.strict_json import encode
from claxon.support.signatures import names_nearest
from claxon_export.data.feature_cache import cached_features
from claxon_export.data.multi_labelled import TargetTexts, multi_labelled, numbered
from claxon_export.metrics.several import TargetScores, multi_label_scores, number_scores

Array = np.ndarray[Any, Any]
EVALUATION_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class TargetsEvaluation:
    """What was found out about one head.

    Attributes:
        bundle: The folder's name.
        digest: Of the bundle.
        head: Its name; its ``kind``, ``feature``, ``score_kind`` and ``labels`` are those of the manifest.
        data: What the texts are called, and their SHA-256.
        texts: How many there were.
        thresholds: From which probability on each label held; empty for a regression.
        scores: The figures.
    """

    bundle: str
    digest: str
    head: str
    kind: HeadKind
    feature: Feature
    score_kind: ScoreKind
    labels: tuple[LabelValue, ...]
    data: str
    data_sha256: str
    texts: int
    thresholds: tuple[float, ...]
    scores: TargetScores

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold, ``schema`` first; a figure that is not known is ``None``."""
        fields: dict[str, Any] = encode(self)
        figures = {name: None if math.isnan(value) else value for name, value in self.scores.figures.items()}
        return {"schema": EVALUATION_SCHEMA, **fields, "scores": {**fields["scores"], "figures": figures}}

    def to_json(self) -> str:
        """The evaluation as JSON, indented by two."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


@names_nearest
def evaluate_multi_label(
    bundle: str | os.PathLike[str],
    texts: Iterable[str],
    labels: Iterable[Iterable[LabelValue]],
    *,
    head: str,
    threshold: float | None = None,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    max_tokens: int | None = None,
    cache: bool = True,
    show_progress_bar: bool = False,
) -> TargetsEvaluation:
    """Evaluate a ``multi_label`` head: micro, macro and samples F1, subset accuracy, and a report of each label.

    Args:
        bundle: The bundle's folder.
        texts: As for ``Encoder.encode``.
        labels: The truth: of each text a list, tuple or set of labels, perhaps empty.
        head: The head's name.
        threshold: From which probability on a label holds; ``None``: the head's own, or 0.5.
        device: As for ``Encoder.load``.
        precision: As for ``Encoder.load``.
        threads: As for ``Encoder.load``.
        max_tokens: As for ``Encoder.load``.
        cache: Look up and keep the texts' features in the cache folder.
        show_progress_bar: Show progress on standard error.

    Raises:
        LabelError: not one list of labels a text, or a label that the head does not know.
        OptionError: there is no such head, or it is of another kind.
        InputError, BundleError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load`` and ``encode``.
    """
    engine = LoadOptions(device=device, precision=precision, threads=threads, max_tokens=max_tokens)
    labelled = multi_labelled(texts, labels)
    opened = Bundle.open(bundle)
    spec = chosen_spec(opened, head, ScoreKind.MULTI_LABEL)
    return evaluate_targets(opened, spec, labelled, engine, threshold, cache=cache, is_shown=show_progress_bar)


@names_nearest
def evaluate_regression(
    bundle: str | os.PathLike[str],
    texts: Iterable[str],
    numbers: Iterable[float],
    *,
    head: str,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    max_tokens: int | None = None,
    cache: bool = True,
    show_progress_bar: bool = False,
) -> TargetsEvaluation:
    """Evaluate a ``regression`` head: mean absolute error, root mean squared error, Spearman's rank correlation.

    Args:
        bundle: The bundle's folder.
        texts: As for ``Encoder.encode``.
        numbers: The truth, one a text.
        head: The head's name.
        device: As for ``Encoder.load``.
        precision: As for ``Encoder.load``.
        threads: As for ``Encoder.load``.
        max_tokens: As for ``Encoder.load``.
        cache: Look up and keep the texts' features in the cache folder.
        show_progress_bar: Show progress on standard error.

    Raises:
        LabelError: not one number a text, or one that is not finite.
        OptionError: there is no such head, or it is of another kind.
        InputError, BundleError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load`` and ``encode``.
    """
    engine = LoadOptions(device=device, precision=precision, threads=threads, max_tokens=max_tokens)
    labelled = numbered(texts, numbers)
    opened = Bundle.open(bundle)
    spec = chosen_spec(opened, head, ScoreKind.REGRESSION)
    return evaluate_targets(opened, spec, labelled, engine, None, cache=cache, is_shown=show_progress_bar)


def chosen_spec(bundle: Bundle, head: str, kind: ScoreKind) -> HeadSpec:
    """What the manifest says of a head.

    Raises:
        OptionError: there is no such head, or it gives other scores.
    """
    specs = {spec.name: spec for spec in bundle.manifest.heads}
    check_has_head(bundle, head, list(specs))
    if specs[head].scores is not kind:
        raise OptionError(f"head {head!r} gives {specs[head].scores}, expected {kind}")
    return specs[head]


def evaluate_targets(
    bundle: Bundle,
    spec: HeadSpec,
    labelled: TargetTexts,
    engine: LoadOptions,
    threshold: float | None,
    *,
    cache: bool,
    is_shown: bool,
) -> TargetsEvaluation:
    """Evaluate one head on texts that are already read; errors are those of ``evaluate_multi_label``."""
    limits = limits_of(spec.name, spec.scores, spec.thresholds, Abstention.of(threshold, None))
    truth = _truth(spec, labelled)
    with Encoder.from_bundle(bundle, **engine) as encoder:
        features = cached_features(
            encoder,
            labelled.texts,
            features=[spec.feature],
            cache=cache,
            precision=engine.get("precision", AUTO),
            show_progress_bar=is_shown,
        )[spec.feature]
    scores = GraphHead(bundle, spec)(features)
    if spec.scores is ScoreKind.REGRESSION:
        thresholds, found = (), number_scores(truth, scores[:, 0])
    else:
        least = np.broadcast_to(np.asarray(limits.threshold, np.float64), len(spec.labels))
        thresholds, found = tuple(least.tolist()), multi_label_scores(truth, limits.passing(scores), spec.labels)
    return TargetsEvaluation(
        bundle=bundle.path.name,
        digest=bundle.digest,
        head=spec.name,
        kind=spec.kind,
        feature=spec.feature,
        score_kind=spec.scores,
        labels=spec.labels,
        data=labelled.name,
        data_sha256=labelled.sha256,
        texts=len(labelled),
        thresholds=thresholds,
        scores=found,
    )


def _truth(spec: HeadSpec, labelled: TargetTexts) -> Array:
    if spec.scores is ScoreKind.REGRESSION:
        return np.array(labelled.targets, np.float64)
    return labelled.label_matrix(spec.labels)
