"""A trained estimator or a list of labels -> one more head of a bundle."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import chosen_feature
from claxon.engine.selection import most_exact
from claxon.errors import OptionError
from claxon.heads.heads import label_vectors, require_embedding
from claxon.heads.label_sets import LabelSet
from claxon_export.bundle.head_files import check_head_is_new, with_head
from claxon_export.heads import HeadGraph, logistic_head, similarity_head
from claxon_export.heads.text_pipeline import after_texts


def add_head(
    bundle: str | os.PathLike[str],
    name: str,
    *,
    estimator: Any = None,
    labels: LabelSet | Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
    feature: str | None = None,
    temperature: float | None = None,
    precision: str | None = None,
    force: bool = False,
) -> Bundle:
    """Add a head to a bundle: a fitted scikit-learn LogisticRegression, or labels to be similar to.

    Args:
        bundle: The bundle's folder; it is replaced at once when the head is ready.
        name: The head's name.
        estimator: A fitted LogisticRegression, perhaps one-vs-rest, perhaps behind a scaler in a Pipeline, that was
            trained on ``feature``. A Pipeline may begin with a ``claxon.sklearn.TextEncoder`` of this bundle.
        labels: What ``Classifier.from_labels`` takes: names, names with phrasings, or a ``LabelSet``; or else an
            estimator.
        feature: ``embedding``, ``mean`` or ``cls``; what the estimator was trained on. Left out, it is what the source
            calls its sentence embedding.
        temperature: For labels: makes probabilities, ``softmax(cosine / temperature)``; left out, the labels' own.
        precision: What labels are embedded in, as for ``Encoder.load``; left out, fp32 where the bundle holds it,
            whatever texts will run in: a label that is off takes every text's cosine with it.
        force: Replace a head of that name.

    Raises:
        OptionError: neither or both of ``estimator`` and ``labels``, an option of the other one, or a feature that the
            bundle has not.
        HeadError: the estimator cannot become a head, or the name is taken.
        BundleError: the bundle is not whole.
    """
    chosen_labels = LabelSet.of(labels) if labels is not None and not isinstance(labels, LabelSet) else labels
    _check_options(estimator, chosen_labels, feature, temperature)
    opened = Bundle.open(bundle)
    check_head_is_new(opened, name, force=force)
    if chosen_labels is not None:
        head = _similarity(opened, chosen_labels, temperature, precision)
    else:
        after = after_texts(estimator, opened, feature)
        estimator, feature = after.estimator, after.feature or feature
        chosen = chosen_feature(opened.manifest.encoder, feature)
        width = opened.manifest.encoder.features[chosen]
        head = logistic_head(estimator, feature=chosen, width=width)
    return with_head(opened, name, head, force=force)


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
            "a head does not keep the threshold and the margin of its labels; give them when it predicts",
            UserWarning,
            stacklevel=3,
        )
    chosen = most_exact(bundle.manifest.encoder.variants) if precision is None else precision
    with Encoder.from_bundle(bundle, device="cpu", precision=chosen) as encoder:
        vectors = label_vectors(encoder, labels)
    return similarity_head(labels, vectors, temperature=labels.temperature if temperature is None else temperature)
