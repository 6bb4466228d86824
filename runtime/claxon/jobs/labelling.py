"""Texts -> the columns that a job adds: labels, scores, whether a text was cut, and the embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import EncoderSpec, Feature, HeadSpec, Manifest, ScoreKind
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import Features, FloatMatrix, chosen_feature
from claxon.formats.arrow import arrow
from claxon.heads.answers import answered
from claxon.heads.decision import Abstention
from claxon.heads.heads import GraphHead, Head, check_has_head
from claxon.jobs.plan import Embedding, JobOptions
from claxon.labelling.arrow_columns import label_type, plain_labels
from claxon.labelling.columns import answer_columns, head_names
from claxon.labelling.labeller import BATCH_SIZE
from claxon.text.inputs import NO_TEXT, FailedRow, OnEmpty, OnError, read_rows
from claxon.text.truncation import OnTruncation


def embedded_feature(spec: EncoderSpec, options: JobOptions) -> Feature | None:
    """The feature that is written as embedding, if one is.

    Raises:
        OptionError: the bundle has no such feature.
    """
    return None if options.embed is None else chosen_feature(spec, options.feature)


def added_fields(manifest: Manifest, options: JobOptions) -> list[Any]:
    """Arrow fields of the added columns, in order.

    Raises:
        OptionError: the bundle has no such feature.
    """
    pa = arrow()
    specs = {spec.name: spec for spec in manifest.heads}
    fields = []
    for head, names in head_names(options.heads, options.prefix).items():
        types = {names.label: label_type(specs[head].labels, specs[head].scores), names.score: pa.float32()}
        fields += [pa.field(column, types[column]) for column in answer_columns(specs[head].scores, names)]
    fields.append(pa.field(f"{options.prefix}truncated", pa.bool_()))
    feature = embedded_feature(manifest.encoder, options)
    if feature is not None:
        numbers = pa.float16() if options.embed is Embedding.FLOAT16 else pa.float32()
        fields.append(pa.field(f"{options.prefix}embedding", pa.list_(numbers, manifest.encoder.features[feature])))
    return fields


Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Labelled:
    """What was found out about texts.

    Attributes:
        arrays: The added columns without the rows that failed, in the order of ``added_fields``.
        failed: The rows that the tokenizer failed on.
        n_tokens: Of all texts, before the cut.
        truncated: How many were cut.
        missing: How many have no text, and so no label and no embedding.
    """

    arrays: list[Any]
    failed: tuple[FailedRow, ...]
    n_tokens: int
    truncated: int
    missing: int


class Labeller:
    """An encoder and the heads that answer."""

    def __init__(self, bundle: Bundle, options: JobOptions, precision: str, threads: int | None) -> None:
        """Load them.

        Raises:
            BundleError, OptionError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load``.
        """
        specs = _chosen(bundle, options.heads)
        self._options = options
        self._heads: list[Head] = [GraphHead(bundle, spec) for spec in specs]
        self._fields = added_fields(bundle.manifest, options)
        self._embedded = embedded_feature(bundle.manifest.encoder, options)
        wanted = [head.feature for head in self._heads] + ([] if self._embedded is None else [self._embedded])
        self._wanted = list(dict.fromkeys(wanted))
        self._abstention = Abstention.of(options.threshold, options.margin)
        self._encoder = Encoder.from_bundle(
            bundle,
            device=options.device,
            precision=precision,
            threads=threads,
            max_tokens=options.max_tokens,
            features=self._wanted,
        )

    def label(self, texts: list[str]) -> Labelled:
        """Label some texts, which were checked; one that is empty or blank gets no label, score and embedding.

        Raises:
            EngineError: ONNX Runtime failed.
        """
        size = self._options.batch_size or BATCH_SIZE
        read = read_rows(texts, OnError.RECORD, OnEmpty(self._options.empty))
        features = self._encoder.features(
            read, self._wanted, batch_size=size, on_truncation=OnTruncation.IGNORE, errors=OnError.RECORD
        )
        missing = {failure.row for failure in features.failed if failure.message == NO_TEXT}
        failed = tuple(failure for failure in features.failed if failure.row not in missing)
        good = np.delete(np.arange(len(texts)), [failure.row for failure in failed])
        left = features.taken(lambda array: array[good]) if failed else features
        is_missing = np.isin(good, list(missing))
        n_tokens, truncated = int(left.n_tokens.sum()), int(left.truncated.sum())
        return Labelled(self._arrays(left, is_missing), failed, n_tokens, truncated, len(missing))

    def close(self) -> None:
        """Give the memory back."""
        self._encoder.close()

    def _arrays(self, features: Features, is_missing: Array) -> list[Any]:
        """The added columns. Shape of ``is_missing``: ``(texts,)``, bool."""
        pa = arrow()
        columns: list[Any] = []
        for head in self._heads:
            answers = answered(head, head(features.values[head.feature]), self._abstention)
            labels, best = answers.labels.astype(object), answers.best.astype(object)
            labels[is_missing] = best[is_missing] = None
            columns += [best.tolist()] if head.score_kind is ScoreKind.REGRESSION else [labels.tolist(), best.tolist()]
        columns.append(features.truncated)
        fields = self._fields[: len(columns)]
        arrays = [
            pa.array(plain_labels(column, field.type), field.type)
            for column, field in zip(columns, fields, strict=True)
        ]
        if self._embedded is not None:
            arrays.append(self._lists(features.values[self._embedded], is_missing))
        return arrays

    def _lists(self, vectors: FloatMatrix, is_missing: Array) -> Any:
        kind = np.float16 if self._options.embed is Embedding.FLOAT16 else np.float32
        flat = np.ascontiguousarray(vectors, dtype=kind).reshape(-1)
        return arrow().FixedSizeListArray.from_arrays(
            arrow().array(flat),
            type=self._fields[-1].type,
            mask=arrow().array(is_missing) if is_missing.any() else None,
        )


def _chosen(bundle: Bundle, heads: Sequence[str]) -> list[HeadSpec]:
    specs = {spec.name: spec for spec in bundle.manifest.heads}
    for head in heads:
        check_has_head(bundle, head, list(specs))
    return [specs[head] for head in heads]
