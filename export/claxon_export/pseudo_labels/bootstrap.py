"""Texts and label names -> pseudo-labels of the surest texts -> a LogisticRegression -> one more head."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature, LabelValue
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import FloatMatrix, chosen_feature
from claxon.engine.selection import AUTO, most_exact
from claxon.heads.decision import Abstention, softmax
from claxon.heads.heads import GraphHead, LabelHead
from claxon.heads.label_sets import LabelSet
from claxon.text.inputs import check_texts
from claxon.text.tokens import IntArray
from claxon_export.bundle.head_files import check_head_is_new, check_head_name
from claxon_export.data.labelled import LabelledTexts
from claxon_export.errors import TrainingError
from claxon_export.pseudo_labels.judgement import Judgement
from claxon_export.pseudo_labels.provenance import pseudo_label_details
from claxon_export.pseudo_labels.report import BootstrapReport
from claxon_export.pseudo_labels.selection import DEFAULT_C, DEFAULT_SHARE, Selection, SelectionRule, select
from claxon_export.pseudo_labels.truth import KnownTruth
from claxon_export.training.features import Encoded, encode
from claxon_export.training.fitting import fit_features
from claxon_export.training.options import BALANCED, FitOptions
from claxon_export.training.rows import TrainingTexts


def bootstrap(
    bundle: str | os.PathLike[str],
    texts: Iterable[str],
    labels: LabelSet,
    *,
    head: str,
    truth: Iterable[LabelValue | None] | None = None,
    share: float = DEFAULT_SHARE,
    per_label: int | None = None,
    threshold: float | None = None,
    margin: float | None = None,
    feature: str | None = None,
    C: float = DEFAULT_C,  # noqa: N803 - scikit-learn's name
    test_size: float = 0.2,
    seed: int = 0,
    cache: bool = True,
    dry_run: bool = False,
    force: bool = False,
    show_progress_bar: bool = False,
) -> BootstrapReport:
    """Train a head on the texts that similarity to label names is surest of, and add it to the bundle.

    Of the texts nearest to each label, those with the largest margins are used; see ``pseudo_labels.selection``. Their
    labels are pseudo-labels: nobody checked them, and the head learns what similarity gets wrong with confidence. Give
    ``truth`` for some of the texts to measure this. Do not expect the head to be more accurate than similarity: on
    Amazon reviews it was not. It does return probabilities, and its texts, corrected by hand, are a good start.

    Args:
        bundle: The bundle's folder.
        texts: As for ``Encoder.encode``.
        labels: Label names with their phrasings; their threshold and margin hold where none is given.
        head: The new head's name.
        truth: The true label of each text, ``None`` or empty where it is not known. It is not used for training.
        share: Share of the texts nearest to each label that is used; above 0, at most 1.
        per_label: Largest number of texts per label, instead of a share.
        threshold: Texts whose best score is lower are not used.
        margin: Texts whose best score leads the second best by less are not used.
        feature: What the head reads: ``embedding``, ``mean`` or ``cls``; left out, the source's sentence embedding.
        C: Inverse strength of regularization, as scikit-learn has it.
        test_size: Share of the texts with a truth that is held out, above 0 and below 1.
        seed: Seed for what is held out.
        cache: Use the feature cache.
        dry_run: Choose and count the texts, but train and write nothing.
        force: Replace a head of that name.
        show_progress_bar: Show progress on standard error.

    Raises:
        LabelError: a truth that is not one of the labels, not one per text, or known of no text.
        TrainingError: fewer than two labels have sure texts, or features are not finite.
        OptionError: an option has an invalid value, or the encoder has no sentence embedding.
        HeadError: the name is taken, and ``force`` was not given; or the bundle was changed in the meantime.
        MissingDependencyError: scikit-learn or skl2onnx is not installed.
    """
    opened = Bundle.open(bundle)
    if dry_run:
        check_head_name(head)
    else:
        check_head_is_new(opened, head, force=force)
    chosen = chosen_feature(opened.manifest.encoder, feature)
    # Pseudo-labels are no truth to evaluate with, so that none are held out.
    how = FitOptions(head, chosen, C, class_weight=BALANCED, test_size=0, seed=seed, cache=cache, force=force)
    options = replace(how, show_progress_bar=show_progress_bar)
    options.check()
    rule = SelectionRule(share, per_label, Abstention.of(threshold, margin).over(labels.abstention))
    rows = check_texts(texts)
    known = KnownTruth.from_labels(truth, labels.labels, len(rows), test_size=test_size, seed=seed)
    vectors = _encoded(opened, rows, labels, chosen, options)
    selection = select(vectors.scores, rows, rule, known.is_free(rows))
    _check_selection(selection, labels)
    added, result = opened, None
    if not dry_run:
        details = pseudo_label_details(labels, rule, selection)
        labelled = _pseudo_labelled(rows, labels, selection)
        encoded = vectors.encoded.only(selection.rows.tolist(), chosen)
        added = _fitted(opened, labelled, encoded, options, details)
        result = _head_columns(added, head, labels, vectors.encoded.values[chosen])
    return Judgement(labels.labels, rows, vectors.scores, selection, known, result).report(added, head)


@dataclass(frozen=True, slots=True)
class _Vectors:
    """What the encoder gives. ``scores``: shape ``(texts, labels)``, float32."""

    scores: FloatMatrix
    encoded: Encoded


def _encoded(bundle: Bundle, texts: Sequence[str], labels: LabelSet, feature: Feature, options: FitOptions) -> _Vectors:
    with Encoder.from_bundle(bundle) as encoder:
        similarity = _label_head(encoder, labels)
        encoded = encode(encoder, texts, list(dict.fromkeys([Feature.EMBEDDING, feature])), options)
    encoded.check_finite("the texts", "row", range(len(texts)))
    cosines = similarity(encoded.values[Feature.EMBEDDING])
    scores = cosines if similarity.temperature is None else softmax(cosines, similarity.temperature)
    return _Vectors(scores, encoded)


def _label_head(encoder: Encoder, labels: LabelSet) -> LabelHead:
    """The labels in fp32 where the bundle holds it, loaded for them only if something else runs."""
    precision = most_exact(encoder.spec.variants)
    if precision in (AUTO, encoder.precision):
        return LabelHead.of(encoder, labels)
    with Encoder.from_bundle(encoder.bundle, device="cpu", precision=precision) as label_encoder:
        return LabelHead.of(label_encoder, labels)


def _check_selection(selection: Selection, labels: LabelSet) -> None:
    """Raise ``TrainingError`` unless two labels have texts; warn of those that have none."""
    without = [name for column, name in enumerate(labels.labels) if not len(selection.rows_of(column))]
    if len(labels.labels) - len(without) < 2:
        raise TrainingError(
            f"no text is sure enough for {', '.join(without)}, and a head needs two labels; "
            "lower --threshold and --margin, or add more texts"
        )
    if without:
        warnings.warn(
            f"no text is sure enough for {', '.join(without)}: the head will never predict it; "
            "use other phrasings, or give texts of that label",
            UserWarning,
            stacklevel=3,
        )


def _pseudo_labelled(texts: Sequence[str], labels: LabelSet, selection: Selection) -> LabelledTexts:
    """The chosen texts with their pseudo-labels; messages name the rows that they have among all texts."""
    rows = selection.rows.tolist()
    nearest = [labels.labels[column] for column in selection.nearest[selection.rows].tolist()]
    return replace(LabelledTexts.of([texts[row] for row in rows], nearest), lines=tuple(rows))


def _fitted(
    bundle: Bundle, labelled: LabelledTexts, encoded: Encoded, options: FitOptions, details: Mapping[str, LabelValue]
) -> Bundle:
    """The bundle with the head; what is odd is warned of."""
    report = fit_features(bundle, TrainingTexts.from_labelled(labelled, options), encoded, options, details)
    for notice in report.notices:
        warnings.warn(notice, UserWarning, stacklevel=3)
    return report.bundle


def _head_columns(bundle: Bundle, head: str, labels: LabelSet, features: FloatMatrix) -> IntArray:
    """The label's column that the head gives to each text. Shape: ``(texts,)``, int64."""
    spec = next(spec for spec in bundle.manifest.heads if spec.name == head)
    columns = np.array([labels.labels.index(str(label)) for label in spec.labels])
    result: IntArray = columns[GraphHead(bundle, spec)(features).argmax(axis=1)]
    return result
