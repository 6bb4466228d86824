"""Texts and candidate labels -> scores, by entailment: the calls of a classifier, and how its pairs are run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, Self, Unpack

import numpy as np

from claxon.bundle.manifest import Feature
from claxon.encoder.encoder import Encoder
from claxon.encoder.extraction import without
from claxon.encoder.features import Features
from claxon.encoder.run_options import RUN_DEFAULTS, RunOptions
from claxon.errors import OptionError
from claxon.heads.decision import ranked
from claxon.heads.entailment import HYPOTHESIS, EntailmentHead
from claxon.heads.heads import Head
from claxon.predictions import ZeroShotRankings
from claxon.support.progress import progress
from claxon.support.signatures import names_nearest, shows_options
from claxon.support.validation import choice
from claxon.text.inputs import Deduplicated, OnError, read_texts
from claxon.text.pairs import Pair, PairTruncation
from claxon.text.truncation import OnTruncation, report_truncation

# Pairs whose features are held at a time.
PAIRS = 4096


class ZeroShotCalls(ABC):
    """The calls of a classifier for labels that its head was not trained on; ``Classifier`` has the others."""

    encoder: Encoder

    @shows_options(RunOptions, RUN_DEFAULTS)
    def zero_shot(
        self,
        texts: Iterable[str],
        labels: Sequence[str],
        *,
        hypothesis_template: str = HYPOTHESIS,
        multi_label: bool = False,
        **options: Unpack[RunOptions],
    ) -> ZeroShotRankings:
        """Score any labels by whether a text entails a hypothesis about each; no training.

        The head must have been trained on entailment (NLI): one of its labels begins with ``entail``. Scores are those
        of transformers' zero-shot-classification: a softmax over the labels' entailment logits; with ``multi_label``,
        or with a single label, for each label a softmax over contradiction and entailment. The contradiction is the
        label of that name, or of two labels the other one. The pipeline guesses it by position, and takes a wrong one
        for models whose first label is neutral.

        Args:
            texts: As for ``Encoder.encode``. A text that is too long together with a hypothesis is cut, the hypothesis
                never.
            labels: The candidates, each once.
            hypothesis_template: What is said of a text, with ``{}`` where the label goes.
            multi_label: Whether any number of labels may hold, each with a probability of its own.
            options: ``batch_size``, ``show_progress_bar``, ``on_truncation``, ``errors``, as for ``Encoder.encode``.

        Returns:
            All labels of each text, best first; ``scores`` is the matrix in the labels' order. Shape:
            ``(texts, labels)``, float32.

        Raises:
            OptionError: no labels, a repeated one, a template without ``{}``, a head that was not trained on
                entailment, or a bundle exported without what pairs need.
            InputError: as ``Encoder.encode``; or a hypothesis leaves no room for the text within the limit.
        """
        head = self._entailment_head(labels, hypothesis_template, multi_label)
        features = pair_logits(self.encoder, texts, head, **options)
        scores = head(features.values[head.feature])
        if features.failed:
            scores[[failure.row for failure in features.failed]] = np.nan
        return ZeroShotRankings.from_scores(ranked(scores, head.labels, None), scores, head.labels, features.truncated)

    @names_nearest
    def with_labels(
        self, labels: Sequence[str], *, hypothesis_template: str = HYPOTHESIS, multi_label: bool = False
    ) -> Self:
        """A classifier of these labels on the same encoder, whose calls score them as ``zero_shot`` does.

        Args:
            labels, hypothesis_template, multi_label: As for ``zero_shot``.

        Raises:
            OptionError: as ``zero_shot``.
        """
        return self._with_head(self._entailment_head(labels, hypothesis_template, multi_label))

    def _entailment_head(self, labels: Sequence[str], template: str, multi_label: bool) -> EntailmentHead:
        return EntailmentHead.of(self._head(), labels, template, multi_label=multi_label)

    @abstractmethod
    def _head(self) -> Head:
        """The head that answers."""

    @abstractmethod
    def _with_head(self, head: Head) -> Self:
        """A classifier with this head alone."""


def features_of(
    encoder: Encoder, texts: Iterable[str | Pair], heads: Sequence[Head], **options: Unpack[RunOptions]
) -> Features:
    """What the heads read: pooled features of texts or of pairs, or for candidate labels the logits of their pairs.

    Raises:
        OptionError: ``errors="record"`` with pairs.
        ClaxonError: as ``Encoder.features`` and ``Encoder.pair_features``.
    """
    names = [head.feature for head in heads]
    are_pairs = isinstance(texts, list) and bool(texts) and isinstance(texts[0], tuple)
    singles: Iterable[str] = texts  # type: ignore[assignment]  # rows are checked where they are read
    for head in heads:
        if isinstance(head, EntailmentHead):
            return pair_logits(encoder, singles, head, **options)
    return _of_pairs(encoder, texts, names, options) if are_pairs else encoder.features(singles, names, **options)


def _of_pairs(encoder: Encoder, pairs: Iterable[Any], names: list[Feature], options: RunOptions) -> Features:
    if choice("errors", options.get("errors", OnError.RAISE), OnError) is OnError.RECORD:
        raise OptionError("errors is 'record', which is for single texts; leave it out where texts are pairs")
    return encoder.pair_features(
        pairs,
        names,
        batch_size=options.get("batch_size"),
        show_progress_bar=options.get("show_progress_bar", False),
        on_truncation=options.get("on_truncation", OnTruncation.WARN),
    )


def pair_logits(
    encoder: Encoder,
    texts: Iterable[str],
    head: EntailmentHead,
    *,
    batch_size: int | None = None,
    show_progress_bar: bool = False,
    on_truncation: str = OnTruncation.WARN,
    errors: str = OnError.RAISE,
) -> Features:
    """Run every text with every hypothesis, equal texts once.

    Returns:
        As the head's feature what ``EntailmentHead.logits`` gives. Shape: ``(texts, labels * columns)``, float32. Token
        counts are those of a text with its longest hypothesis.

    Raises:
        ClaxonError: as ``Encoder.pair_features``.
    """
    action, on_error = choice("on_truncation", on_truncation, OnTruncation), choice("errors", errors, OnError)
    read = read_texts(texts, on_error)
    distinct = Deduplicated.from_texts(read.texts)
    parts, size = [], max(PAIRS // len(head.labels), 1)
    with progress(len(read.texts), unit="text", is_shown=show_progress_bar, description="comparing") as bar:
        bar.update(len(read.texts) - len(distinct.texts))
        for start in range(0, max(len(distinct.texts), 1), size):
            window = distinct.texts[start : start + size]
            parts.append(_of_window(encoder, window, head, batch_size))
            bar.update(len(window))
    values = {head.feature: np.concatenate([part.values[head.feature] for part in parts])}
    n_tokens, truncated = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("n_tokens", "truncated")
    )
    features = without(Features(values, n_tokens, truncated).taken(distinct.to_rows), read.failed)
    report_truncation(features.n_tokens, features.truncated, encoder.max_tokens, action)
    return features


def _of_window(encoder: Encoder, texts: list[str], head: EntailmentHead, batch_size: int | None) -> Features:
    pairs = [(text, hypothesis) for text in texts for hypothesis in head.hypotheses]
    features = encoder.pair_features(
        pairs,
        [head.feature],
        truncation=PairTruncation.ONLY_FIRST,
        batch_size=batch_size,
        on_truncation=OnTruncation.IGNORE,
    )
    logits = head.logits(features.values[head.feature])
    of_each = (len(texts), len(head.labels))
    n_tokens = features.n_tokens.reshape(of_each).max(axis=1)
    truncated = np.asarray(features.truncated.reshape(of_each).any(axis=1))
    return Features({head.feature: logits}, n_tokens, truncated)
