"""Texts and label names -> pseudo-labels of the surest texts -> a LogisticRegression -> one more head."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from claxon.bundle import Bundle
from claxon.decision import Abstention, softmax
from claxon.encoder import Encoder
from claxon.features import FloatMatrix, chosen_feature
from claxon.heads import GraphHead, LabelHead
from claxon.label_sets import LabelSet
from claxon.manifest import Feature, LabelValue
from claxon.precision import AUTO
from claxon.texts import check_texts
from claxon.tokens import IntArray
from claxon_export.bootstrapping.judgement import Judgement
from claxon_export.bootstrapping.provenance import pseudo_label_details, with_details
from claxon_export.bootstrapping.report import BootstrapReport
from claxon_export.bootstrapping.selection import DEFAULT_SHARE, Selection, SelectionRule, select
from claxon_export.bootstrapping.truth import KnownTruth
from claxon_export.errors import TrainingError
from claxon_export.feature_cache import cached_features
from claxon_export.head_files import check_head_is_new
from claxon_export.training.fitting import fit

# Of 0.1, 1, 10 and 100 the best on the reviews that DEFAULT_SHARE was chosen on, but for a tie with 100.
DEFAULT_C = 10.0


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

    Of the texts nearest to a label those with the largest margins are taken, see ``bootstrapping.selection``. Their
    labels are pseudo-labels: no one looked whether they are true, and what similarity gets wrong with confidence, the
    head learns. ``truth`` for some of the texts shows how far that goes. Do not expect the head to be righter than
    similarity: on Amazon reviews it was not. It gives probabilities, and its texts, corrected by hand, are a start.

    Args:
        bundle: The bundle's folder.
        texts: As for ``Encoder.encode``.
        labels: Label names with their phrasings; their threshold and margin hold where none is given.
        head: The new head's name.
        truth: The true label of each text, ``None`` or empty where it is not known. It takes no part in the training.
        share: Of the texts nearest to a label, above 0, at most 1.
        per_label: So many texts a label at most, instead of a share.
        threshold: Texts whose best score is below it are not trained on.
        margin: Nor are texts whose best score is above the second best by less.
        feature: What the head reads: ``embedding``, ``mean`` or ``cls``; left out, the source's sentence embedding.
        C: Inverse strength of regularisation, as scikit-learn has it.
        test_size: Share of the texts with a truth that is held out, above 0 and below 1.
        seed: Of what is held out.
        cache: Look the texts' features up among those kept from other calls, and keep them.
        dry_run: Choose and count, but train nothing and write nothing.
        force: Replace a head of that name.
        show_progress_bar: Draw one on standard error.

    Raises:
        LabelError: a truth that is none of the labels, or not one a text.
        TrainingError: fewer than two labels have sure texts.
        OptionError: an option's value cannot be met, or the encoder has no sentence embedding.
        HeadError: the name is taken, and ``force`` was not given.
        MissingDependencyError: scikit-learn or skl2onnx is not installed.
    """
    opened = Bundle.open(bundle)
    check_head_is_new(opened, head, force=force or dry_run)
    chosen = chosen_feature(opened.manifest.encoder, feature)
    rule = SelectionRule(share, per_label, Abstention.of(threshold, margin).over(labels.abstention))
    rows = check_texts(texts)
    known = KnownTruth.of(truth, labels.labels, len(rows), test_size=test_size, seed=seed)
    vectors = _encoded(opened, rows, labels, chosen, cache=cache, is_shown=show_progress_bar)
    selection = select(vectors.scores, rows, rule, known.is_free(rows))
    _check_selection(selection, labels)
    added, found = opened, None
    if not dry_run:
        added = _fitted(bundle, rows, labels, selection, head=head, feature=chosen, C=C, cache=cache, force=force)
        added = with_details(added, head, pseudo_label_details(labels, rule, selection))
        found = _head_columns(added, head, labels, vectors.features)
    return Judgement(labels.labels, rows, vectors.scores, selection, known, found).report(added, head)


@dataclass(frozen=True, slots=True)
class _Vectors:
    """What the encoder gives. Shapes: ``(texts, labels)`` and ``(texts, width)``, float32."""

    scores: FloatMatrix
    features: FloatMatrix


def _encoded(
    bundle: Bundle, texts: Sequence[str], labels: LabelSet, feature: Feature, *, cache: bool, is_shown: bool
) -> _Vectors:
    with Encoder.from_bundle(bundle) as encoder:
        similarity = LabelHead.of(encoder, labels)
        found = cached_features(
            encoder,
            texts,
            features=list(dict.fromkeys([Feature.EMBEDDING, feature])),
            cache=cache,
            precision=AUTO,
            show_progress_bar=is_shown,
        )
    cosines = similarity(found[Feature.EMBEDDING])
    scores = cosines if similarity.temperature is None else softmax(cosines, similarity.temperature)
    return _Vectors(scores, found[feature])


def _check_selection(selection: Selection, labels: LabelSet) -> None:
    """Raise ``TrainingError`` unless two labels have texts; warn of those that have none."""
    without = [name for column, name in enumerate(labels.labels) if not len(selection.rows_of(column))]
    if len(labels.labels) - len(without) < 2:
        raise TrainingError(
            f"no text is sure enough for {', '.join(without)}, and a head needs two labels; "
            "lower --threshold and --margin, or give more texts"
        )
    if without:
        warnings.warn(
            f"no text is sure enough for {', '.join(without)}: the head will never name it; "
            "say it in other phrasings, or give texts of it",
            UserWarning,
            stacklevel=3,
        )


def _fitted(
    bundle: str | os.PathLike[str],
    texts: Sequence[str],
    labels: LabelSet,
    selection: Selection,
    *,
    head: str,
    feature: Feature,
    C: float,  # noqa: N803 - scikit-learn's name
    cache: bool,
    force: bool,
) -> Bundle:
    """The bundle with a head fitted on all pseudo-labels: they are no truth to judge by, so that none are held out."""
    return fit(
        bundle,
        [texts[row] for row in selection.rows.tolist()],
        [labels.labels[column] for column in selection.nearest[selection.rows].tolist()],
        head=head,
        feature=feature,
        C=C,
        class_weight="balanced",
        test_size=0,
        cache=cache,
        force=force,
    ).bundle


def _head_columns(bundle: Bundle, head: str, labels: LabelSet, features: FloatMatrix) -> IntArray:
    """The label's column that the head gives to each text. Shape: ``(texts,)``, int64."""
    spec = next(spec for spec in bundle.manifest.heads if spec.name == head)
    columns = np.array([labels.labels.index(str(label)) for label in spec.labels])
    found: IntArray = columns[GraphHead(bundle, spec)(features).argmax(axis=1)]
    return found
