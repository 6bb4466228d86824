"""Adds a head to a bundle, from a trained estimator or a list of labels."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature, LabelValue, ScoreKind
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import FloatMatrix, chosen_feature
from claxon.engine.selection import most_exact
from claxon.errors import OptionError
from claxon.heads.answers import MULTI_LABEL_THRESHOLD
from claxon.heads.heads import label_vectors, require_embedding
from claxon.heads.label_sets import LabelSet
from claxon.support.signatures import names_nearest
from claxon.support.validation import real_number
from claxon_export.bundle.head_files import check_head_is_new, with_head
from claxon_export.heads import HeadGraph, estimator_head, similarity_head
from claxon_export.heads.text_pipeline import after_texts
from claxon_export.parity.parity import packaged_texts


@names_nearest
def add_head(
    bundle: str | os.PathLike[str],
    name: str,
    *,
    estimator: Any = None,
    labels: LabelSet | Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
    feature: str | None = None,
    temperature: float | None = None,
    precision: str | None = None,
    label_names: Sequence[LabelValue] | None = None,
    thresholds: Mapping[LabelValue, float] | None = None,
    features_from: Encoder | None = None,
    force: bool = False,
) -> Bundle:
    """Add a head to a bundle: a fitted scikit-learn estimator, or labels to be similar to.

    Args:
        bundle: The bundle's folder; it is replaced at once when the head is ready.
        name: The head's name.
        estimator: Fitted on ``feature``: whatever skl2onnx converts exactly to operators that a head may hold, alone,
            in a search, or last in a Pipeline. A classifier that gives no probabilities becomes a head of its decision
            function, one of several labels at once a ``multi_label`` head, a regressor a ``regression``. A Pipeline may
            begin with a ``claxon.sklearn.TextEncoder`` of this bundle.
        labels: What ``Classifier.from_labels`` takes: names, names with phrasings, or a ``LabelSet``; or else an
            estimator.
        feature: ``embedding``, ``mean`` or ``cls``; what the estimator was trained on. Left out, it is what the source
            calls its sentence embedding.
        temperature: For labels: makes probabilities, ``softmax(cosine / temperature)``; left out, the labels' own.
        precision: What labels are embedded in, as for ``Encoder.load``; left out, fp32 where the bundle holds it,
            whatever texts will run in: a label that is off takes every text's cosine with it.
        label_names: For an estimator: other names for its classes, in the order of ``classes_``; names of the outputs
            of several labels at once, else 0, 1, ...; the name of a regression's number.
        thresholds: For several labels at once: from which probability on a label holds, where that is not 0.5.
        features_from: For an estimator: the encoder whose features it was fitted on. Its precision, device and limit of
            tokens are recorded, and its features are those that the head is held against.
        force: Replace a head of that name.

    Raises:
        OptionError: neither or both of ``estimator`` and ``labels``, an option of the other one, a feature that the
            bundle has not, thresholds of other labels or another kind of head, or an encoder of another bundle.
        HeadError: the estimator cannot become a head, or the name is taken.
        BundleError: the bundle is not whole.
    """
    chosen_labels = LabelSet.of(labels) if labels is not None and not isinstance(labels, LabelSet) else labels
    _check_options(estimator, chosen_labels, feature, temperature)
    if estimator is None and any(option is not None for option in (label_names, thresholds, features_from)):
        raise OptionError("label_names and thresholds go with an estimator, not with labels; and so does features_from")
    opened = Bundle.open(bundle)
    check_head_is_new(opened, name, force=force)
    if chosen_labels is not None:
        head = _similarity(opened, chosen_labels, temperature, precision)
    else:
        after = after_texts(estimator, opened, feature)
        estimator, feature = after.estimator, after.feature or feature
        chosen = chosen_feature(opened.manifest.encoder, feature)
        width = opened.manifest.encoder.features[chosen]
        vectors = _real_vectors(opened, chosen, features_from)
        head = estimator_head(estimator, feature=chosen, width=width, labels=label_names, vectors=vectors)
        head = head if thresholds is None else _with_thresholds(head, thresholds)
        head = head if features_from is None else replace(head, details={**head.details, **_seen(features_from)})
    return with_head(opened, name, head, force=force)


def _real_vectors(bundle: Bundle, feature: Feature, encoder: Encoder | None) -> FloatMatrix:
    """Features of the packaged texts, on which an estimator is compared. Shape: ``(texts, width)``, float32."""
    if encoder is not None:
        if encoder.bundle.manifest.encoder != bundle.manifest.encoder:
            raise OptionError(f"features_from is of {encoder.bundle.path}, expected an encoder of {bundle.path}")
        return encoder.encode(packaged_texts(), feature=feature, on_truncation="ignore")
    precision = most_exact(bundle.manifest.encoder.variants)
    with Encoder.from_bundle(bundle, device="cpu", precision=precision) as encoder:
        return encoder.encode(packaged_texts(), feature=feature, on_truncation="ignore")


def _seen(encoder: Encoder) -> dict[str, LabelValue]:
    return {"precision": encoder.precision, "device": str(encoder.device), "max_tokens": encoder.max_tokens}


def _with_thresholds(head: HeadGraph, thresholds: Mapping[LabelValue, float]) -> HeadGraph:
    if head.scores is not ScoreKind.MULTI_LABEL:
        raise OptionError(f"the estimator gives {head.scores}, which thresholds are not for; leave them out")
    unknown = [label for label in thresholds if label not in head.labels]
    if unknown:
        raise OptionError(f"thresholds name {unknown[0]!r:.80}, expected some of {', '.join(map(repr, head.labels))}")
    given = [real_number(f"threshold of {label!r}", thresholds.get(label), none_means="0.5") for label in head.labels]
    return replace(head, thresholds=tuple(MULTI_LABEL_THRESHOLD if one is None else one for one in given))


def _check_options(estimator: Any, labels: LabelSet | None, feature: str | None, temperature: float | None) -> None:
    if (estimator is None) == (labels is None):
        raise OptionError("give either estimator= or labels=")
    if labels is not None and feature not in (None, Feature.EMBEDDING):
        raise OptionError(
            f"feature is {feature!r}, but labels are compared with {str(Feature.EMBEDDING)!r}; leave it out"
        )
    if estimator is not None and temperature is not None:
        raise OptionError("temperature is for labels; an estimator gives probabilities by itself, so leave it out")


def _similarity(bundle: Bundle, labels: LabelSet, temperature: float | None, precision: str | None) -> HeadGraph:
    require_embedding(bundle)
    if labels.abstention.is_possible:
        warnings.warn(
            "a head does not store the threshold and the margin of its labels; pass them to predict",
            UserWarning,
            stacklevel=4,
        )
    chosen = most_exact(bundle.manifest.encoder.variants) if precision is None else precision
    with Encoder.from_bundle(bundle, device="cpu", precision=chosen) as encoder:
        vectors = label_vectors(encoder, labels)
    return similarity_head(labels, vectors, temperature=labels.temperature if temperature is None else temperature)
