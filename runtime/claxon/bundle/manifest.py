"""The manifest as frozen dataclasses, and its conversion from and to ``manifest.json``.

Everything that the runtime would otherwise guess stands here. The layout of the JSON is the layout of the classes.
Unknown keys, missing keys, wrong types and unknown schema numbers are errors that name the place.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from claxon.bundle.manifest_checks import files_problem, head_problem
from claxon.errors import BundleError
from claxon.storage.strict_json import LATER, StrictJSONError, decode, encode, parse

SCHEMA = 1
MANIFEST_NAME = "manifest.json"
MAX_MANIFEST_BYTES = 4 << 20
REQUIRED_INPUTS = ("input_ids", "attention_mask")
OPTIONAL_INPUT = "token_type_ids"
SEAL = "seal"

LabelValue = str | int | float | bool


class Feature(StrEnum):
    """A pooled output of the encoder graph, one vector a text.

    ``sentence`` is the source's own embedding as it comes, where that is neither of the first two nor unit-norm.
    """

    CLS = "cls"
    MEAN = "mean"
    SENTENCE = "sentence"
    EMBEDDING = "embedding"


class Precision(StrEnum):
    """The arithmetic of an encoder graph."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"


class HeadKind(StrEnum):
    """Where a head comes from; ``estimator`` is any of scikit-learn's but a logistic regression."""

    PRETRAINED = "pretrained"
    LOGISTIC = "logistic"
    ESTIMATOR = "estimator"
    SIMILARITY = "similarity"


class ScoreKind(StrEnum):
    """What a head's graph gives.

    ``probability``: probabilities that sum to one. ``cosine``: cosines in [-1, 1], which do not. ``decision``: numbers
    of any size, the largest of which wins. ``multi_label``: a probability for each label by itself, any number of which
    may hold. ``regression``: one number, and no label.
    """

    PROBABILITY = "probability"
    COSINE = "cosine"
    DECISION = "decision"
    MULTI_LABEL = "multi_label"
    REGRESSION = "regression"

    @property
    def is_exclusive(self) -> bool:
        """Whether one label wins."""
        return self not in (ScoreKind.MULTI_LABEL, ScoreKind.REGRESSION)


class SimilarityKind(StrEnum):
    """How the source compares embeddings; distances count negative."""

    COSINE = "cosine"
    DOT = "dot"
    EUCLIDEAN = "euclidean"
    MANHATTAN = "manhattan"


class TruncationSide(StrEnum):
    """Where a text that is too long is cut."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the bundle; ``sha256`` is lower-case hexadecimal."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One output compared over all texts of a parity check.

    ``max_abs_difference`` is over all texts and columns; cosines are per text; ``label_agreement`` is the share of
    texts with equal labels, where the output is probabilities.
    """

    output: str
    max_abs_difference: float
    mean_cosine: float | None = None
    min_cosine: float | None = None
    label_agreement: float | None = None


@dataclass(frozen=True, slots=True)
class Parity:
    """How far the bundle is from its source: which source, on how many texts (and their SHA-256), and the figures.

    ``unseen`` is what the source took from Claxon's own reading of the checkpoint, and so cannot check.
    """

    source: str
    texts: int
    texts_sha256: str
    comparisons: tuple[Comparison, ...]
    unseen: tuple[str, ...] = field(default=(), metadata=LATER)


@dataclass(frozen=True, slots=True)
class GraphVariant:
    """One encoder graph: its files, the devices it was written for, and the CPU features that it needs."""

    precision: Precision
    graph: str
    weights: str | None
    devices: tuple[str, ...]
    requires: tuple[str, ...]
    parity: Parity | None


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """The encoder: size, inputs, and pooled features with their widths.

    ``pooling`` is what ``embedding`` is made of, ``None`` where there is no ``embedding``. ``default_feature`` is what
    the source calls its sentence embedding; ``None`` where it has none. ``max_tokens`` counts the special tokens.
    ``prompt`` is put before every text unless a call names another; ``prompts`` are all that the source names.
    ``similarity`` is how it compares embeddings. ``token_states`` tells whether the graph gives each token's state out.
    """

    architecture: str
    layers: int
    width: int
    attention_heads: int
    vocab_size: int
    parameters: int
    inputs: tuple[str, ...]
    features: dict[Feature, int]
    pooling: Feature | None
    default_feature: Feature | None
    max_tokens: int
    pad_id: int
    prompt: str
    token_states: bool
    variants: tuple[GraphVariant, ...]
    prompts: dict[str, str] = field(default_factory=dict, metadata=LATER)
    similarity: SimilarityKind = field(default=SimilarityKind.COSINE, metadata=LATER)
    truncation_side: TruncationSide = field(default=TruncationSide.RIGHT, metadata=LATER)


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """One head: ``feature`` in, ``scores`` of ``labels`` out, in this order.

    ``temperature`` turns cosines into probabilities, ``softmax(cosine / temperature)``; ``None`` leaves them cosines.
    ``details`` is for people: training rows, scores, versions. ``thresholds`` are for ``multi_label`` scores: one for
    each label, which holds from there on; ``None`` is 0.5 for all. A regression's one label is the number's name.
    """

    name: str
    kind: HeadKind
    feature: Feature
    file: str
    labels: tuple[LabelValue, ...]
    scores: ScoreKind
    temperature: float | None = None
    parity: Parity | None = None
    details: dict[str, LabelValue] = field(default_factory=dict)
    thresholds: tuple[float, ...] | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the encoder comes from: a Hub id or a folder's name, commit, license, the SHA-256 of each file read.

    ``accepted_unknown`` are settings that were not read because the user said so, as ``file: key``. ``notes`` say what
    else was done to the checkpoint, such as a prefix that was taken off its tensors' names.
    """

    source: str
    revision: str | None
    exporter: str
    files: dict[str, str]
    tools: dict[str, str]
    license: str | None = field(default=None, metadata=LATER)
    accepted_unknown: tuple[str, ...] = field(default=(), metadata=LATER)
    notes: tuple[str, ...] = field(default=(), metadata=LATER)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole of ``manifest.json``; ``files`` lists every other file of the folder."""

    schema: int
    encoder: EncoderSpec
    heads: tuple[HeadSpec, ...]
    files: dict[str, FileEntry]
    provenance: Provenance

    def to_json(self) -> bytes:
        """Return the manifest as sealed UTF-8 JSON, indented by two; the same content gives the same bytes.

        The seal, the last key, is the SHA-256 of the bytes with an empty seal: a damage that leaves a valid manifest,
        in a label for instance, is noticed by it.
        """
        unsealed = (json.dumps({**encode(self), SEAL: ""}, indent=2, ensure_ascii=False) + "\n").encode()
        head, _, tail = unsealed.rpartition(_seal_of(""))
        return head + _seal_of(hashlib.sha256(unsealed).hexdigest()) + tail

    @classmethod
    def from_json(cls, content: bytes) -> Manifest:
        """Parse and check a manifest.

        Raises:
            BundleError: not JSON, another schema, an unknown or missing key, a wrong type, a reference to a file or
                feature that is not listed; the message names the place. Or the seal is another content's.
        """
        if len(content) > MAX_MANIFEST_BYTES:
            raise BundleError(f"{MANIFEST_NAME} is {len(content)} bytes, expected at most {MAX_MANIFEST_BYTES}")
        try:
            raw = parse(content)
            _check_schema(raw)
            seal = raw.pop(SEAL, None)
            manifest: Manifest = decode(cls, raw)
        except StrictJSONError as error:
            raise BundleError(f"{MANIFEST_NAME}: {error}") from None
        _check_references(manifest)
        if seal is not None:  # the first bundles had none
            _check_seal(content, seal)
        return manifest


def _seal_of(digest: str) -> bytes:
    return f'"{SEAL}": "{digest}"'.encode()


def _check_seal(content: bytes, seal: Any) -> None:
    head, is_there, tail = content.rpartition(_seal_of(seal)) if isinstance(seal, str) else (b"", b"", b"")
    if not is_there or hashlib.sha256(head + _seal_of("") + tail).hexdigest() != seal:
        raise BundleError(
            f"{MANIFEST_NAME} was changed after it was written (its seal does not match); "
            "copy the bundle again, or export it again"
        )


def _check_schema(raw: Any) -> None:
    schema = raw.get("schema") if isinstance(raw, dict) else None
    if schema != SCHEMA or isinstance(schema, bool):
        raise StrictJSONError(
            f"schema {schema!r} is not supported by this version, which reads schema {SCHEMA}; "
            "export the bundle again, or install the version of claxon that made it"
        )


def _check_references(manifest: Manifest) -> None:
    """Raise unless every file, feature and name that the manifest mentions is one that it lists."""
    problem = files_problem(manifest.files, MANIFEST_NAME)
    if problem is not None:
        raise BundleError(f"{MANIFEST_NAME}: files: {problem}")
    for variant in manifest.encoder.variants:
        _check_listed(manifest, variant.graph, f"encoder variant {variant.precision}")
        if variant.weights is not None:
            _check_listed(manifest, variant.weights, f"encoder variant {variant.precision}")
    _check_listed(manifest, "tokenizer.json", "encoder")
    _check_encoder(manifest.encoder)
    seen: set[str] = set()
    for head in manifest.heads:
        _check_listed(manifest, head.file, f"head {head.name!r}")
        _check_head(manifest, head)
        if head.name in seen:
            raise BundleError(f"{MANIFEST_NAME}: two heads are named {head.name!r}")
        seen.add(head.name)


def _check_listed(manifest: Manifest, name: str, where: str) -> None:
    if name not in manifest.files:
        raise BundleError(f"{MANIFEST_NAME}: {where} names {name!r}, which is not among its files")


def _check_encoder(encoder: EncoderSpec) -> None:
    inputs = set(encoder.inputs)
    problems = {
        f"inputs are {sorted(inputs)}, expected {' and '.join(REQUIRED_INPUTS)}, and {OPTIONAL_INPUT} at most": not (
            inputs >= {*REQUIRED_INPUTS} and inputs <= {*REQUIRED_INPUTS, OPTIONAL_INPUT}
        ),
        "variants is empty": not encoder.variants,
        "features is empty": not encoder.features,
        "a feature's width is below 1": any(width < 1 for width in encoder.features.values()),
        f"max_tokens is {encoder.max_tokens}, expected 3 or more": encoder.max_tokens < 3,
        "vocab_size is below 1": encoder.vocab_size < 1,
        f"pad_id is {encoder.pad_id}, expected 0 to {encoder.vocab_size - 1}": not (
            0 <= encoder.pad_id < encoder.vocab_size
        ),
        "pooling must be set exactly when the encoder has the feature 'embedding'": (encoder.pooling is None)
        == (Feature.EMBEDDING in encoder.features),
        "default_feature is not among its features": encoder.default_feature not in (None, *encoder.features),
    }
    for problem, is_there in problems.items():
        if is_there:
            raise BundleError(f"{MANIFEST_NAME}: encoder: {problem}")


def _check_head(manifest: Manifest, head: HeadSpec) -> None:
    problem = head_problem(head, manifest.encoder.features)
    if problem is not None:
        raise BundleError(f"{MANIFEST_NAME}: head {head.name!r} {problem}")
