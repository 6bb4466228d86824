"""Caches features, so that each text is encoded once.

A vector is known by the SHA-256 of its text and by all that makes its numbers: the encoder's files, the limit of
tokens, the device, the engine and the processor; not by the bundle's heads. Vectors lie in shards, files that are
written whole, never changed, and checked before a number of theirs is used: one that is damaged is dropped, and its
texts are encoded again. Any number of processes may share the folder, and it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from claxon.bundle.manifest import Feature
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import FloatMatrix, chosen_features
from claxon.engine.encoder_session import TOKENIZER_NAME
from claxon.engine.hardware import processor_features
from claxon.engine.openvino import arithmetic_for, plugin_version
from claxon.engine.providers import Arithmetic, Device
from claxon.engine.selection import AUTO
from claxon.engine.session import engine_version
from claxon.storage.cache_folder import cache_folder
from claxon.support.progress import progress
from claxon.text.inputs import Deduplicated, check_texts
from claxon.text.tokens import BoolArray
from claxon_export.data.feature_shards import read_digests, read_vectors, shards, write_shard

SCHEMA = 1
# Texts that are encoded together and lie in one shard: enough to batch by length, few enough that an interrupted run
# loses a minute at most.
SHARD_TEXTS = 1024
KEY_CHARACTERS = 32


def cached_features(
    encoder: Encoder,
    texts: Iterable[str],
    *,
    features: Sequence[str],
    cache: bool = True,
    precision: str | None = None,
    show_progress_bar: bool = False,
) -> Mapping[Feature, FloatMatrix]:
    """Return pooled features of texts, from the cache or else from one run of the encoder.

    What is held in memory is the result and one shard. Texts beyond the limit of tokens are cut, and not reported.

    Args:
        encoder: Runs for the texts that are not kept.
        texts: As for ``Encoder.encode``; one that is there several times is encoded once.
        features: ``embedding``, ``mean``, ``cls``: which are computed, kept and held.
        cache: Look up and keep vectors; ``False`` leaves the folder alone.
        precision: What ``Encoder.load`` was given. On OpenVINO ``auto`` and ``fp32`` are other numbers of one graph, so
            that nothing is kept there without it.
        show_progress_bar: Show progress on standard error while texts are encoded.

    Returns:
        float32 arrays, shape ``(texts, width)``, in the texts' order.

    Raises:
        InputError: something that is not a text, with its row.
        OptionError: the bundle has no such feature.
        EngineError: ONNX Runtime failed.
    """
    names, distinct = chosen_features(encoder.spec, features), Deduplicated.from_texts(check_texts(texts))
    digests = [hashlib.sha256(text.encode()).digest() for text in distinct.texts]
    shape = {name: (len(digests), encoder.spec.features[name]) for name in names}
    columns = {name: _Column(np.empty(shape[name], np.float32), np.zeros(len(digests), bool)) for name in names}
    folder = feature_folder(encoder, precision) if cache else None
    if folder is not None:
        for name, column in columns.items():
            column.recall(folder / name, digests)
    _encode(encoder, distinct.texts, digests, columns, folder, is_shown=show_progress_bar)
    return {name: distinct.to_rows(columns.pop(name).values) for name in names}  # each is dropped once it is copied


def feature_folder(encoder: Encoder, precision: str | None) -> Path | None:
    """Return the cache folder of an encoder as it runs now; ``None`` if its arithmetic is unknown."""
    if encoder.device is Device.OPENVINO and precision is None:
        return None
    files, variant = encoder.bundle.manifest.files, encoder.variant
    graph = [files[name].sha256 for name in (variant.graph, variant.weights) if name is not None]
    identity = {
        "schema": SCHEMA,
        "graph": graph,
        "tokenizer": files[TOKENIZER_NAME].sha256,
        "prompt": encoder.spec.prompt,
        "max_tokens": encoder.max_tokens,
        "device": encoder.device,
        "onnxruntime": engine_version(),
        "processor": processor_features(),
        "openvino": _openvino(encoder, precision),
    }
    key = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
    return cache_folder() / "features" / key[:KEY_CHARACTERS]


def _openvino(encoder: Encoder, precision: str | None) -> list[str | None]:
    if encoder.device is not Device.OPENVINO:
        return []
    return [plugin_version(), arithmetic_for(processor_features()) if precision == AUTO else Arithmetic.F32]


@dataclass(frozen=True, slots=True)
class _Column:
    """One feature of all texts, and which are known. Shapes: ``(texts, width)``, ``(texts,)``."""

    values: FloatMatrix
    is_known: BoolArray

    def recall(self, folder: Path, digests: Sequence[bytes]) -> None:
        """Fill in the cached vectors; a file's vectors are read if one of them is needed."""
        width = self.values.shape[1]
        requested = {digest: row for row, digest in enumerate(digests)}
        for path in shards(folder):
            if requested.keys().isdisjoint(read_digests(path, width)):
                continue
            for digest, vector in read_vectors(path, width).items():
                row = requested.pop(digest, None)
                if row is not None:
                    self.values[row], self.is_known[row] = vector, True


def _encode(
    encoder: Encoder,
    texts: Sequence[str],
    digests: Sequence[bytes],
    columns: Mapping[Feature, _Column],
    folder: Path | None,
    *,
    is_shown: bool,
) -> None:
    """Compute and cache the unknown vectors."""
    names = [name for name, column in columns.items() if not column.is_known.all()]
    rows = np.flatnonzero([not all(known) for known in zip(*(columns[name].is_known for name in names), strict=True)])
    is_kept = True
    with progress(len(rows), unit="text", is_shown=is_shown and len(rows) > 0, description="encoding") as bar:
        for start in range(0, len(rows), SHARD_TEXTS):
            window = rows[start : start + SHARD_TEXTS]
            batch = [texts[row] for row in window]
            result = encoder.features(batch, names, on_truncation="ignore", show_progress_bar=bar)
            for name in names:
                columns[name].values[window] = result.values[name]
                if folder is not None and np.isfinite(result.values[name]).all():  # what is odd is not to stay
                    is_kept &= write_shard(folder / name, [digests[row] for row in window], result.values[name])
    if not is_kept:
        warnings.warn(f"{folder} cannot be written, so not all features were kept; set CLAXON_CACHE", stacklevel=3)
