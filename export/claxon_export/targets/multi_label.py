"""Texts with any number of labels each -> one logistic regression a label, on the bundle's own features -> a head."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature, LabelValue
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import chosen_feature
from claxon.engine.providers import Device
from claxon.engine.selection import AUTO
from claxon.errors import OptionError
from claxon.heads.answers import MULTI_LABEL_THRESHOLD
from claxon.support.reporting import steps
from claxon.support.signatures import names_nearest
from claxon.version import __version__
from claxon_export.bundle.head_files import check_head_is_new, with_head
from claxon_export.data.feature_cache import cached_features
from claxon_export.data.multi_labelled import TargetTexts, multi_labelled
from claxon_export.errors import TrainingError
from claxon_export.heads import estimator_head
from claxon_export.metrics.several import TargetScores, multi_label_scores
from claxon_export.requirements import required
from claxon_export.training.options import FitOptions
from claxon_export.training.solver import FeatureMetric, Problem, solve
from claxon_export.training.splits import Split

Array = np.ndarray[Any, Any]
COMPARED_TEXTS = 64


@dataclass(frozen=True, slots=True)
class MultiLabelReport:
    """What was fitted, and how well it does on the texts that were held out.

    Attributes:
        bundle: With the head.
        head: Its name.
        feature: What it reads.
        labels: What it gives, in this order.
        n_train: Texts trained on.
        n_test: Texts held out.
        scores: Of the held-out texts, at the threshold 0.5; ``None`` where none were.
    """

    bundle: Bundle
    head: str
    feature: Feature
    labels: tuple[LabelValue, ...]
    n_train: int
    n_test: int
    scores: TargetScores | None


@names_nearest
def fit_multi_label(
    bundle: str | os.PathLike[str],
    texts: Iterable[str],
    labels: Iterable[Iterable[LabelValue]],
    *,
    head: str,
    feature: str | None = None,
    C: float = 1.0,  # noqa: N803 - scikit-learn's name
    max_iter: int = 1000,
    class_weight: str | None = None,
    test_size: float = 0.2,
    seed: int = 0,
    precision: str = AUTO,
    device: str = Device.AUTO,
    threads: int | None = None,
    cache: bool = True,
    force: bool = False,
    show_progress_bar: bool = False,
) -> MultiLabelReport:
    """Train a LogisticRegression for each label, against all texts without it; together they are one head.

    Args:
        bundle: The bundle's folder.
        texts: As for ``Encoder.encode``.
        labels: Of each text a list, tuple or set of labels, perhaps empty.
        head: The head's name.
        feature: ``embedding``, ``mean`` or ``cls``; by default the source's sentence embedding.
        C: Inverse regularization strength, as in scikit-learn.
        max_iter: Largest number of solver steps, for each label.
        class_weight: ``None`` or ``balanced``: texts with a rare label weigh more.
        test_size: Share of the texts that is held out, 0 for none.
        seed: Of the split.
        precision: As for ``Encoder.load``.
        device: As for ``Encoder.load``.
        threads: As for ``Encoder.load``.
        cache: Use the feature cache.
        force: Replace a head of that name.
        show_progress_bar: Show progress on standard error.

    Raises:
        LabelError: not one list of labels a text, or a label that is none.
        TrainingError: no label at all, or one that all training texts have, or none.
        OptionError: an option has an invalid value.
        HeadError: the name is taken, and ``force`` was not given.
        MissingDependencyError: scikit-learn or skl2onnx is not installed.
    """
    options = FitOptions(
        head=head,
        feature=feature,
        C=C,
        max_iter=max_iter,
        class_weight=class_weight,
        test_size=test_size,
        seed=seed,
        precision=precision,
        device=device,
        threads=threads,
        cache=cache,
        force=force,
        show_progress_bar=show_progress_bar,
    )
    return fit_targets(Bundle.open(bundle), multi_labelled(texts, labels), options)


def fit_targets(bundle: Bundle, labelled: TargetTexts, options: FitOptions) -> MultiLabelReport:
    """As ``fit_multi_label``, for texts that are already read.

    Raises:
        As ``fit_multi_label``.
    """
    check_head_is_new(bundle, options.head, force=options.force)
    _check(options)
    feature = chosen_feature(bundle.manifest.encoder, options.feature)
    labels = labelled.labels
    if not labels:
        raise TrainingError(f"{labelled.name}: no text has a label; is this the right column?")
    truth = labelled.label_matrix(labels)
    split = _split(len(labelled), options)
    _check_each(labelled.name, labels, truth[split.train])
    features = _encoded(bundle, labelled, feature, options)
    limits = required("threadpoolctl").threadpool_limits(1, user_api="blas")
    with steps(is_shown=options.show_progress_bar) as begin, limits:
        begin(f"training {len(labels):,} labels on {len(split.train):,} texts")
        estimator = _estimator(features, truth, split.train, options)
    width, real = features.shape[1], features[:COMPARED_TEXTS]
    graph = estimator_head(estimator, feature=feature, width=width, labels=labels, vectors=real)
    scores = _scores(estimator, features[split.test], truth[split.test], labels)
    graph = replace(graph, details={**graph.details, **_details(labelled, options, split, scores)})
    added = with_head(bundle, options.head, graph, force=options.force)
    return MultiLabelReport(added, options.head, feature, labels, len(split.train), len(split.test), scores)


def _check(options: FitOptions) -> None:
    options.check()
    if options.strength is None or options.feature == AUTO:
        raise OptionError("C and feature cannot be 'auto' for several labels a text; give a number and a feature")
    if options.calibrate or options.few_shot is not None:
        raise OptionError("calibrate and few_shot are for one label a text; leave them out")


def _split(rows: int, options: FitOptions) -> Split:
    order = np.random.default_rng(options.seed).permutation(rows)
    n_test = round(rows * options.test_size)
    if n_test == rows:
        raise TrainingError(f"found {rows} texts, of which none would be left to train on; use a smaller test_size")
    return Split(np.sort(order[n_test:]), np.sort(order[:n_test]))


def _check_each(name: str, labels: tuple[LabelValue, ...], truth: Array) -> None:
    for label, held in zip(labels, truth.T, strict=True):
        if held.all() or not held.any():
            share = "every" if held.all() else "no"
            raise TrainingError(
                f"{name}: {share} training text has the label {label!r}, so that it cannot be learned; add texts, or "
                "hold fewer out (--test-size)"
            )


def _encoded(bundle: Bundle, labelled: TargetTexts, feature: Feature, options: FitOptions) -> Array:
    with Encoder.from_bundle(
        bundle, precision=options.precision, device=options.device, threads=options.threads
    ) as encoder:
        values: Array = cached_features(
            encoder,
            labelled.texts,
            features=[feature],
            cache=options.cache,
            precision=options.precision,
            show_progress_bar=options.show_progress_bar,
        )[feature]
    odd = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(odd):
        where = f"{labelled.place} {labelled.lines[odd[0]]}"
        raise TrainingError(f"{labelled.name}: the features of {where} are not finite; try another --precision")
    return values


def _estimator(features: Array, truth: Array, train: Array, options: FitOptions) -> Any:
    """What scikit-learn's OneVsRestClassifier would hold: a LogisticRegression for each label."""
    metric = FeatureMetric.from_features(features[train])
    parts = [_fitted(features[train], held[train], metric, options) for held in truth.T]
    whole = required("sklearn.multioutput").MultiOutputClassifier(required("sklearn.linear_model").LogisticRegression())
    whole.estimators_, whole.classes_ = parts, [part.classes_ for part in parts]
    whole.n_features_in_ = features.shape[1]
    return whole


def _fitted(features: Array, held: Array, metric: FeatureMetric, options: FitOptions) -> Any:
    targets = held.astype(np.int64)
    counts = np.bincount(targets, minlength=2)
    weights = (len(targets) / (2 * counts))[targets] if options.is_weighted else np.ones(len(targets))
    strength = float(options.C)
    solution = solve(Problem(features, targets, 2, weights[:, None]), metric, strength, options.max_iter)
    estimator = required("sklearn.linear_model").LogisticRegression(C=strength, class_weight=options.class_weight)
    estimator.coef_, estimator.intercept_ = solution.coefficients, solution.intercepts
    estimator.classes_, estimator.n_features_in_ = np.array([0, 1]), features.shape[1]
    estimator.n_iter_ = np.array([solution.steps], np.int32)
    return estimator


def _scores(estimator: Any, features: Array, truth: Array, labels: tuple[LabelValue, ...]) -> TargetScores | None:
    if not len(features):
        return None
    held = np.stack([part.predict_proba(features)[:, 1] for part in estimator.estimators_], axis=1)
    return multi_label_scores(truth, held >= MULTI_LABEL_THRESHOLD, labels)


def _details(
    labelled: TargetTexts, options: FitOptions, split: Split, scores: TargetScores | None
) -> dict[str, LabelValue]:
    details: dict[str, LabelValue] = {"claxon": __version__}
    if labelled.place == "line":
        details["data"] = Path(labelled.name).name
    details |= {
        "data_sha256": labelled.sha256,
        "rows": len(labelled),
        "training_texts": len(split.train),
        "held_out_texts": len(split.test),
        "seed": options.seed,
        "C": float(options.C),
        "class_weight": options.class_weight or "none",
        "precision": options.precision,
    }
    return details | ({} if scores is None else {f"held_out_{name}": value for name, value in scores.figures.items()})
