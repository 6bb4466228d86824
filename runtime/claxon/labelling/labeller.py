"""A column of texts -> the columns that a table gets beside it: labels, scores, which texts were cut, embeddings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature, HeadSpec, ScoreKind
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import Features, chosen_feature
from claxon.engine.providers import Device
from claxon.engine.selection import AUTO
from claxon.errors import OptionError
from claxon.heads.answers import answered, limits_of
from claxon.heads.decision import Abstention
from claxon.heads.heads import GraphHead, check_has_head
from claxon.labelling.columns import HeadNames, answer_columns, head_names
from claxon.support.validation import choice
from claxon.text.inputs import NO_TEXT, FailedRow, OnEmpty, OnError, read_rows

Array = np.ndarray[Any, Any]
# With a size given, batches are cut by the token budget alone and not by the number of threads: a shard's batches, and
# with them the last digits of its scores, are the same wherever it is done.
BATCH_SIZE = 4096
TRUNCATED, EMBEDDING, ERROR = "truncated", "embedding", "error"


@dataclass(frozen=True, slots=True)
class ColumnOptions:
    """What a caller asks for, as it travels to a worker.

    Attributes:
        heads: Names of the heads that answer; ``None`` for the only one, or for none where the embedding is wanted.
        embed: Whether the embedding is wanted.
        errors: ``raise`` or ``record``.
        prefix: Put before the name of every column.
        threshold: As for ``Classifier.predict``, and so is ``margin``.
        device: As for ``Encoder.load``, and so are ``precision`` and ``max_tokens``.
        empty: What to do with a row whose text is null, empty or blank: ``skip``, ``error`` or ``label``.
    """

    heads: tuple[str, ...] | None = None
    embed: bool = False
    errors: str = OnError.RAISE
    prefix: str = ""
    threshold: float | None = None
    margin: float | None = None
    device: str = Device.AUTO
    precision: str = AUTO
    max_tokens: int | None = None
    empty: str = OnEmpty.SKIP


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """What is to be found out about texts.

    Attributes:
        heads: Those that answer, in the columns' order.
        feature: The embedding, where it is wanted.
        width: Its width.
        on_error: What to do with a row that is no text; recorded, it is told of in the column ``error``.
        prefix: Put before the name of every column.
        abstention: When a text gets no label.
        on_empty: What to do with a row that has no text; skipped, it has no label, no score and no embedding.
    """

    heads: tuple[HeadSpec, ...]
    feature: Feature | None
    width: int
    on_error: OnError
    prefix: str
    abstention: Abstention
    on_empty: OnEmpty = OnEmpty.SKIP

    @classmethod
    def from_options(cls, bundle: Bundle, asked: ColumnOptions) -> Self:
        """What a caller asks for, checked against the bundle.

        Raises:
            OptionError: no such head, a head twice, several and none chosen, nothing wanted at all, no embedding; an
                option's value cannot be met.
        """
        spec = bundle.manifest.encoder
        feature = chosen_feature(spec, None) if asked.embed else None
        heads, abstention = _chosen(bundle, asked), Abstention.of(asked.threshold, asked.margin)
        check_limits(heads, abstention)
        return cls(
            heads,
            feature,
            0 if feature is None else spec.features[feature],
            choice("errors", asked.errors, OnError),
            asked.prefix,
            abstention,
            choice("empty", asked.empty, OnEmpty),
        )

    @property
    def names(self) -> dict[str, HeadNames]:
        """The columns of each head."""
        return head_names([head.name for head in self.heads], self.prefix)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns, in their order."""
        names = self.names
        of_heads = [column for head in self.heads for column in answer_columns(head.scores, names[head.name])]
        embedding = [] if self.feature is None else [self.named(EMBEDDING)]
        error = [self.named(ERROR)] if self.on_error is OnError.RECORD else []
        return (*of_heads, self.named(TRUNCATED), *embedding, *error)

    def named(self, column: str) -> str:
        """The name of a column, behind the prefix."""
        return f"{self.prefix}{column}"

    def check_new(self, columns: Iterable[str]) -> None:
        """Raise ``OptionError`` if one of the table's ``columns`` has the name of one that is added."""
        taken = set(columns) & set(self.columns)
        if taken:
            raise OptionError(f"the table has a column {min(taken)!r} already; give for instance prefix='claxon_'")


class ColumnPredictor:
    """Finds out what is wanted about columns of texts; the encoder runs once for all of it.

    What a text gets depends on the texts that come in the same call, by less than 1e-5, and on nothing else: not on the
    number of threads.
    """

    def __init__(self, bundle: Bundle, asked: ColumnOptions, threads: int | None) -> None:
        """Load the encoder and the heads.

        Raises:
            BundleError, OptionError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load``.
        """
        self.wanted = ColumnSpec.from_options(bundle, asked)
        self._heads = [GraphHead(bundle, spec) for spec in self.wanted.heads]
        embedded = [] if self.wanted.feature is None else [self.wanted.feature]
        self._features = list(dict.fromkeys([*(head.feature for head in self._heads), *embedded]))
        self._encoder = Encoder.from_bundle(
            bundle,
            device=asked.device,
            precision=asked.precision,
            threads=threads,
            max_tokens=asked.max_tokens,
            features=self._features,
        )

    def __call__(self, texts: Iterable[str]) -> dict[str, Array]:
        """The columns, by their names.

        Returns:
            Labels as ``Classifier.predict`` has them, and of dtype object where rows may fail or a text is empty;
            the best scores, float32, NaN where there is none, which are the numbers of a regression; ``truncated``,
            bool; all of shape ``(texts,)``. A text that is null, empty or blank has no label and no score, as in
            ``claxon predict``, unless ``empty`` says otherwise. The embedding is float32, ``(texts, width)``, and NaN
            where there is no label for that reason. ``error`` is of dtype object: why a row has no result, ``None``
            where it has.

        Raises:
            InputError: a row is no text, and that is not recorded; or it has none, and that is an error.
            EngineError: ONNX Runtime failed.
        """
        read = read_rows(texts, self.wanted.on_error, self.wanted.on_empty)
        found = self._encoder.features(
            read, self._features, batch_size=BATCH_SIZE, on_truncation="ignore", errors=self.wanted.on_error
        )
        columns: dict[str, Array] = {}
        for head in self._heads:
            columns |= self._answers(head, found)
        columns[self.wanted.named(TRUNCATED)] = found.truncated
        if self.wanted.feature is not None:
            columns[self.wanted.named(EMBEDDING)] = found.values[self.wanted.feature]
        if self.wanted.on_error is OnError.RECORD:
            columns[self.wanted.named(ERROR)] = _messages(found.failed, len(found.truncated))
        return columns

    def _answers(self, head: GraphHead, found: Features) -> dict[str, Array]:
        answers = answered(head, head(found.values[head.feature]), self.wanted.abstention)
        best, names = answers.best, self.wanted.names[head.name]
        rows = [failure.row for failure in found.failed]
        best[rows] = np.nan
        if head.score_kind is ScoreKind.REGRESSION:
            return {names.score: best}
        labels: Array = answers.labels
        if self.wanted.on_error is OnError.RECORD or found.failed:
            labels = labels.astype(object)
            labels[rows] = None
        return {names.label: labels, names.score: best}


def found_bundle(bundle: object) -> str | os.PathLike[str]:
    """The path, or what a function without arguments finds on this machine.

    Raises:
        OptionError: neither, or the function found no path.
    """
    path = bundle() if callable(bundle) else bundle
    if not isinstance(path, str | os.PathLike):
        raise OptionError(
            f"bundle is {path!r:.80}, expected a path, or a function without arguments that finds it on each node"
        )
    return path


def given_heads(heads: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """The names that a caller gives, as they travel."""
    return (heads,) if isinstance(heads, str) else None if heads is None else tuple(heads)


def chosen_heads(bundle: Bundle, asked: str | Sequence[str] | None, *, is_embedded: bool) -> tuple[str, ...]:
    """The heads asked for; else none where embeddings are written, else the only one.

    Raises:
        OptionError: a head is not there, named twice, or not chosen where there are several.
    """
    names = [spec.name for spec in bundle.manifest.heads]
    heads = (asked,) if isinstance(asked, str) else tuple(asked or ())
    for head in heads:
        check_has_head(bundle, head, names)
    if len(set(heads)) < len(heads):
        raise OptionError(f"a head is named twice: {', '.join(heads)}")
    if heads or is_embedded:
        return heads
    if not names:
        raise OptionError(f"{bundle.path} has no heads; add one with `claxon fit`, or write embeddings with --embed")
    if len(names) > 1:
        raise OptionError(f"{bundle.path} has several heads: add --head {' and --head '.join(names)}, or some of them")
    return tuple(names)


def check_limits(heads: Iterable[HeadSpec], abstention: Abstention) -> None:
    """Raise ``OptionError`` where a threshold or a margin is not for one of the heads."""
    for head in heads:
        limits_of(head.name, head.scores, head.thresholds, abstention)


def _chosen(bundle: Bundle, asked: ColumnOptions) -> tuple[HeadSpec, ...]:
    specs = {spec.name: spec for spec in bundle.manifest.heads}
    return tuple(specs[name] for name in chosen_heads(bundle, asked.heads, is_embedded=asked.embed))


def _messages(failed: Sequence[FailedRow], count: int) -> Array:
    messages = np.full(count, None, object)
    for failure in failed:
        if failure.message != NO_TEXT:  # a row without a text is none that failed
            messages[failure.row] = failure.message
    return messages
