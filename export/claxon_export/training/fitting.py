"""Labeled texts -> a LogisticRegression on the bundle's own features -> one more head."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import EncoderSpec, Feature, LabelValue
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import chosen_feature
from claxon.engine.providers import Device
from claxon.engine.selection import AUTO
from claxon.support.reporting import steps
from claxon.support.signatures import names_nearest
from claxon_export.bundle.head_files import check_head_is_new, with_head
from claxon_export.data.labelled import LabelledTexts
from claxon_export.heads import estimator_head
from claxon_export.requirements import required
from claxon_export.training.features import Encoded, encode
from claxon_export.training.learning import Learnt, learn
from claxon_export.training.options import FitOptions
from claxon_export.training.report import FitReport, details_of
from claxon_export.training.rows import TrainingTexts
from claxon_export.training.solver import Solution
from claxon_export.training.splits import Split, repeated_notice

Array = np.ndarray[Any, Any]

# Texts on whose features the head is held against the estimator, beside random ones.
COMPARED_TEXTS = 64


@names_nearest
def fit(
    bundle: str | os.PathLike[str],
    texts: Iterable[str],
    labels: Iterable[LabelValue],
    *,
    head: str,
    feature: str | None = None,
    C: float | str = 1.0,  # noqa: N803 - scikit-learn's name
    max_iter: int = 1000,
    class_weight: str | None = None,
    test_size: float = 0.2,
    seed: int = 0,
    calibrate: bool = False,
    few_shot: int | Sequence[int] | None = None,
    precision: str = AUTO,
    device: str = Device.AUTO,
    threads: int | None = None,
    cache: bool = True,
    force: bool = False,
    show_progress_bar: bool = False,
) -> FitReport:
    """Train a LogisticRegression on the bundle's features and add it to the bundle.

    A part of the texts is held out to evaluate the head. The head that is added is trained on the other texts only, so
    the scores are those of that very head. A ``UserWarning`` reports rows without text, which are left out, labels that
    occur once, labels that differ only by case, held-out texts that are also training texts, a solver that did not
    converge, and a calibration that did not help or stopped at its limit.

    Args:
        bundle: The bundle's folder.
        texts: As for ``Encoder.encode``.
        labels: One per text: strings, integers or booleans.
        head: The head's name.
        feature: ``embedding``, ``mean`` or ``cls``; by default the source's sentence embedding. ``auto`` takes the one
            with the lowest cross-validated log loss on the training texts.
        C: Inverse regularization strength, as in scikit-learn; ``auto`` chooses it in the same way.
        max_iter: Largest number of solver steps; a warning says if it was too small.
        class_weight: ``None`` or ``balanced``.
        test_size: Share of the texts that is held out, 0 for none.
        seed: Seed for the split, the folds and the draws.
        calibrate: Scale the logits so that probabilities mean what they say; see ``training.calibration``.
        few_shot: Also compute a learning curve up to this number of labels per class, or at these numbers.
        precision: As for ``Encoder.load``: the one that you will serve with.
        device: As for ``Encoder.load``.
        threads: As for ``Encoder.load``; also the number of learning-curve fits that run in parallel.
        cache: Use the feature cache.
        force: Replace a head of that name.
        show_progress_bar: Show progress on standard error: a bar while texts are encoded, then each step.

    Raises:
        LabelError: not one label per text, a label that is empty or of another type.
        TrainingError: fewer than two different labels, texts too few to hold some out, or features that are not finite.
        OptionError: an option has an invalid value.
        HeadError: the name is taken, and ``force`` was not given; or the bundle was changed in the meantime.
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
        calibrate=calibrate,
        few_shot=few_shot,
        precision=precision,
        device=device,
        threads=threads,
        cache=cache,
        force=force,
        show_progress_bar=show_progress_bar,
    )
    opened = Bundle.open(bundle)
    _check(opened, options)
    labelled = LabelledTexts.of(texts, labels)
    report = fit_labelled(opened, labelled, options)
    for notice in filter(None, [labelled.notice, *report.notices]):
        warnings.warn(notice, UserWarning, stacklevel=3)
    return report


def fit_labelled(bundle: Bundle, labelled: LabelledTexts, options: FitOptions) -> FitReport:
    """Fit like ``fit``, on texts that are already read; notices are only in the report.

    Raises:
        As ``fit``.
    """
    _check(bundle, options)
    texts = TrainingTexts.from_labelled(labelled, options)
    return fit_features(bundle, texts, _encoded(bundle, labelled, options), options)


def fit_features(
    bundle: Bundle,
    texts: TrainingTexts,
    encoded: Encoded,
    options: FitOptions,
    details: Mapping[str, LabelValue] | None = None,
) -> FitReport:
    """Train on features that are already computed, and add the head; notices are only in the report.

    Args:
        bundle: As it was opened before the texts were encoded.
        texts: Labeled, and split.
        encoded: Finite features of all of them: those to choose from, the default first.
        options: Checked ones.
        details: What the manifest is to keep of the head, beside what it keeps of any trained one.

    Raises:
        HeadError: the name is taken, and ``force`` was not given; or the bundle was changed in the meantime.
        MissingDependencyError: scikit-learn or skl2onnx is not installed.
    """
    # One BLAS thread: two that waited for each other next to other work slowed a fit from 8 s to 7 min.
    is_shown, limits = options.show_progress_bar, required("threadpoolctl").threadpool_limits(1, user_api="blas")
    with steps(is_shown=is_shown) as begin, limits:
        begin(f"training on {len(texts.split.train):,} texts")
        learnt = learn(encoded.values, texts.rows(options), texts.split.test, options)
    report = _report(bundle, options.head, texts, encoded, learnt)
    estimator = _estimator(learnt.solution, learnt.C, options)
    width = learnt.solution.coefficients.shape[1]
    real = encoded.values[learnt.feature][:COMPARED_TEXTS]
    graph = estimator_head(estimator, feature=learnt.feature, width=width, labels=texts.classes.labels, vectors=real)
    kept = {**graph.details, **details_of(report, texts.labelled, options), **(details or {})}
    return replace(report, bundle=with_head(bundle, options.head, replace(graph, details=kept), force=options.force))


def _check(bundle: Bundle, options: FitOptions) -> None:
    """Raise before any work is done if the head cannot be added."""
    check_head_is_new(bundle, options.head, force=options.force)
    _features(bundle.manifest.encoder, options.feature)
    options.check()


def _features(spec: EncoderSpec, requested: str | None) -> list[Feature]:
    """Return the features to choose from, the source's sentence embedding first."""
    if requested != AUTO:
        return [chosen_feature(spec, requested)]
    return sorted(spec.features, key=lambda feature: feature != spec.default_feature)


def _encoded(bundle: Bundle, labelled: LabelledTexts, options: FitOptions) -> Encoded:
    with Encoder.from_bundle(
        bundle, precision=options.precision, device=options.device, threads=options.threads
    ) as encoder:
        encoded = encode(encoder, labelled.texts, _features(encoder.spec, options.feature), options)
    encoded.check_finite(labelled.name, labelled.place, labelled.lines)
    return encoded


def _estimator(solution: Solution, strength: float, options: FitOptions) -> Any:
    """The LogisticRegression that scikit-learn would have fitted; its classes are the labels' places."""
    estimator = required("sklearn.linear_model").LogisticRegression(
        C=strength, max_iter=options.max_iter, class_weight=options.class_weight, random_state=options.seed
    )
    estimator.coef_, estimator.intercept_ = solution.coefficients, solution.intercepts
    estimator.classes_ = np.arange(max(2, len(solution.intercepts)))
    estimator.n_features_in_ = solution.coefficients.shape[1]
    estimator.n_iter_ = np.array([solution.steps], np.int32)
    return estimator


def _report(bundle: Bundle, head: str, texts: TrainingTexts, encoded: Encoded, learnt: Learnt) -> FitReport:
    labelled, classes, split = texts.labelled, texts.classes, texts.split
    notices = (*classes.notices, repeated_notice(labelled.texts, split), *learnt.notices)
    return FitReport(
        bundle=bundle,
        head=head,
        feature=learnt.feature,
        labels=classes.labels,
        n_train=len(split.train),
        n_test=len(split.test),
        accuracy=None if learnt.scores is None else learnt.scores.accuracy,
        baseline_accuracy=_baseline(classes.targets, split),
        C=learnt.C,
        counts=classes.counts,
        precision=encoded.precision,
        device=encoded.device,
        n_skipped=labelled.skipped.count,
        scores=learnt.scores,
        search=learnt.search,
        calibration=learnt.calibration,
        uncalibrated=learnt.uncalibrated,
        curve=learnt.curve,
        notices=tuple(filter(None, notices)),
        offered=learnt.offered,
    )


def _baseline(targets: Array, split: Split) -> float | None:
    if not len(split.test):
        return None
    commonest = np.bincount(targets[split.train]).argmax()
    return float((targets[split.test] == commonest).mean())
