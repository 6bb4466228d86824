"""Features -> scores: the heads of a bundle, and heads made of label names at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

import numpy as np

from claxon.bundle.bundle import Bundle, by_absolute_path
from claxon.bundle.graph_policy import HEAD_OPERATORS, check_graph
from claxon.bundle.head_policy import check_sizes
from claxon.bundle.manifest import Feature, HeadSpec, LabelValue, ScoreKind
from claxon.encoder.encoder import Encoder
from claxon.encoder.features import FloatMatrix
from claxon.engine.providers import CPU_PROVIDER, Device, EngineRequest
from claxon.engine.session import Session
from claxon.errors import BundleError, EngineError, OptionError
from claxon.heads.label_checks import warn_of_likeness
from claxon.heads.label_sets import LabelSet
from claxon.heads.similarity import label_matrix, similarity_scores
from claxon.support.validation import real_number


class Head(Protocol):
    """What a classifier needs of a head."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def feature(self) -> Feature:
        """The feature that it reads."""

    @property
    def labels(self) -> tuple[LabelValue, ...]:
        """The labels, in the order of the scores' columns."""

    @property
    def score_kind(self) -> ScoreKind:
        """What the scores are."""

    @property
    def temperature(self) -> float | None:
        """Turns cosines into probabilities; ``None`` leaves them cosines."""

    def __call__(self, features: FloatMatrix) -> FloatMatrix:
        """Scores ``(texts, labels)`` for features ``(texts, width)``, float32 both."""


class GraphHead:
    """A head of a bundle: a small ONNX graph."""

    def __init__(self, bundle: Bundle, spec: HeadSpec) -> None:
        """Load the head's graph, its hash checked first.

        Raises:
            BundleError: the graph holds what no bundle's graph may, or makes more values than there is memory for; its
                inputs and outputs are not those of a head, or not of the encoder's width and the labels' number; its
                weights are not finite.
            EngineError: ONNX Runtime refuses the graph.
        """
        self.spec = spec
        self._bundle = by_absolute_path(bundle)
        # A head is a few thousand multiplications: one thread on the CPU, wherever the encoder runs.
        asked = EngineRequest(Device.CPU, (CPU_PROVIDER,), threads=1)
        graph = bundle.read(spec.file).tobytes()
        check_graph(graph, f"{bundle.path / spec.file}", {}, HEAD_OPERATORS)
        check_sizes(graph, f"{bundle.path / spec.file}", bundle.manifest.encoder.features[spec.feature])
        self._session = Session(graph, {}, asked)
        outputs = self._session.outputs
        if self._session.inputs != ("features",) or outputs not in (("scores",), ("scores", "logits")):
            raise BundleError(f"{bundle.path}: {spec.file} is not a head: expected features -> scores")
        self._try(bundle.manifest.encoder.features[spec.feature])

    @property
    def name(self) -> str:
        """Its name."""
        return self.spec.name

    @property
    def feature(self) -> Feature:
        """The feature that it reads."""
        return self.spec.feature

    @property
    def labels(self) -> tuple[LabelValue, ...]:
        """The labels, in the order of the scores' columns."""
        return self.spec.labels

    @property
    def score_kind(self) -> ScoreKind:
        """What the scores are."""
        return self.spec.scores

    @property
    def temperature(self) -> float | None:
        """Turns cosines into probabilities; ``None`` leaves them cosines."""
        return self.spec.temperature

    @property
    def thresholds(self) -> tuple[float, ...] | None:
        """Of labels that do not exclude each other, one for each; ``None``: 0.5 for all."""
        return self.spec.thresholds

    def __call__(self, features: FloatMatrix) -> FloatMatrix:
        """Scores ``(texts, labels)`` for features ``(texts, width)``, float32 both."""
        return self._output("scores", features)

    @property
    def has_logits(self) -> bool:
        """Whether its graph gives the values before the function that makes scores of them."""
        return "logits" in self._session.outputs

    def logits(self, features: FloatMatrix) -> FloatMatrix:
        """Logits ``(texts, labels)`` for features ``(texts, width)``, float32 both, where it ``has_logits``."""
        return self._output("logits", features)

    def _output(self, name: str, features: FloatMatrix) -> FloatMatrix:
        if not len(features):
            return np.empty((0, len(self.labels)), np.float32)
        values: FloatMatrix = self._session.run([name], {"features": features})[0]
        expected = (len(features), len(self.labels))
        if values.shape != expected or values.dtype != np.float32:
            raise BundleError(
                f"head {self.name!r} gave {values.dtype} {name} of shape {values.shape}, expected float32 of {expected}"
            )
        return values

    def __reduce__(self) -> tuple[type[GraphHead], tuple[Bundle, HeadSpec]]:
        """The bundle's path and manifest travel; the graph is read again, and its hash checked."""
        return type(self), (self._bundle, self.spec)

    def _try(self, width: int) -> None:
        """Run once: every weight meets a zero in one row or the other, and NaN or infinity times zero is NaN."""
        is_even = np.arange(width) % 2 == 0
        try:
            scores = self(np.array([is_even, ~is_even], np.float32))
        except EngineError as error:
            raise BundleError(f"head {self.name!r} does not take {self.feature} of width {width}: {error}") from error
        if not np.isfinite(scores).all():
            raise BundleError(f"head {self.name!r} holds weights that are NaN or infinite; make it again")


@dataclass(frozen=True, slots=True)
class LabelHead:
    """A head made of label names: the cosine between a text's embedding and each label's.

    Attributes:
        matrix: Unit-norm vectors of the labels, or of their phrasings. Shape: ``(vectors, width)``, float32.
    """

    label_set: LabelSet
    matrix: FloatMatrix
    temperature: float | None = None
    name: str = "labels"
    feature: Feature = Feature.EMBEDDING
    score_kind: ScoreKind = ScoreKind.COSINE

    @classmethod
    def of(cls, encoder: Encoder, label_set: LabelSet, temperature: float | None = None) -> LabelHead:
        """Embed the labels' phrasings.

        Args:
            encoder: Of the bundle that will embed the texts; it must have a sentence embedding.
            label_set: The labels; phrasings that are nearly the same give a ``LabelWarning``.
            temperature: Above 0; ``None`` takes the label set's.

        Raises:
            OptionError: the encoder has no sentence embedding, or the temperature is not above 0.
        """
        temperature = real_number("temperature", temperature, above=0, none_means="the labels' own")
        vectors = label_vectors(encoder, label_set)
        matrix = label_matrix(vectors, label_set.counts, label_set.combine)
        return cls(label_set, matrix, label_set.temperature if temperature is None else temperature)

    @property
    def labels(self) -> tuple[LabelValue, ...]:
        """The labels, in the order of the scores' columns."""
        return self.label_set.labels

    def __call__(self, features: FloatMatrix) -> FloatMatrix:
        """Cosines ``(texts, labels)`` for unit-norm embeddings ``(texts, width)``, float32 both."""
        return similarity_scores(features, self.matrix, self.label_set.counts, self.label_set.combine)


def chosen_head(bundle: Bundle, heads: Mapping[str, Head], head: str | None) -> str | None:
    """The name of the head that answers: the one asked for, else the only one, else ``None``.

    Raises:
        OptionError: there is no such head, or none at all.
    """
    if not heads:
        raise OptionError(f"no head was given for {bundle.path}; a classifier needs one or more")
    if head is None:
        return next(iter(heads)) if len(heads) == 1 else None
    check_has_head(bundle, head, list(heads))
    return head


def check_has_head(bundle: Bundle, head: object, names: Sequence[str]) -> None:
    """Raise ``OptionError`` unless the head is one of ``names``; the message lists them, and says which is nearest."""
    if head not in names:
        near = get_close_matches(str(head), names, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise OptionError(f"{bundle.path} has no head {head!r:.80}; its heads are: {', '.join(names) or 'none'}{hint}")


def check_heads(bundle: Bundle, head: str | None) -> None:
    """Raise ``OptionError`` unless the bundle has heads, and that one if one is named."""
    names = [spec.name for spec in bundle.manifest.heads]
    if not names:
        raise OptionError(
            f"{bundle.path} has no heads; add one with `claxon fit` or `claxon add-head`, "
            "or use Encoder.load and Classifier.from_labels"
        )
    if head is not None:
        check_has_head(bundle, head, names)


def label_set_of(
    labels: LabelSet | Sequence[str] | Mapping[str, str | Sequence[str]], template: str | None, combine: str | None
) -> LabelSet:
    """What a caller gives as labels, as a set of them.

    Raises:
        OptionError: fewer than two labels, duplicates, a template without ``{label}``, or a ``LabelSet`` together with
            what it has of its own.
    """
    if not isinstance(labels, LabelSet):
        return LabelSet.of(labels, template=template, combine=combine)
    if template is not None or combine not in (None, labels.combine):
        raise OptionError("a LabelSet has its own template and combine: give them to LabelSet.of")
    return labels


def embedder_of(encoder: Encoder, label_names_encoder: Encoder | None) -> Encoder:
    """What embeds the labels: an encoder of the bundle that embeds the texts.

    Raises:
        OptionError: it is of another bundle.
    """
    embedder = encoder if label_names_encoder is None else label_names_encoder
    if embedder.bundle.digest != encoder.bundle.digest:
        raise OptionError(
            f"label_names_encoder is of {embedder.bundle.path}, which is not the bundle that embeds the texts"
        )
    return embedder


def label_vectors(encoder: Encoder, label_set: LabelSet) -> FloatMatrix:
    """Embeddings of all phrasings, label after label. Shape: ``(phrasings, width)``, float32, unit norm.

    Phrasings that are nearly the same give a ``LabelWarning``.

    Raises:
        OptionError: the encoder has no sentence embedding.
    """
    require_embedding(encoder.bundle)
    vectors = encoder.encode(label_set.texts, feature=Feature.EMBEDDING)
    warn_of_likeness(label_set, vectors)
    return vectors


def require_embedding(bundle: Bundle) -> None:
    """Raise ``OptionError`` unless the bundle's encoder gives unit-norm embeddings, which similarity needs."""
    if Feature.EMBEDDING not in bundle.manifest.encoder.features:
        raise OptionError(
            f"{bundle.path} has no sentence embedding, which label similarity needs; "
            "export it with --pooling mean (or cls), or use a sentence encoder such as all-mpnet-base-v2"
        )
