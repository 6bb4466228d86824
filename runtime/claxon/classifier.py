"""Texts -> labels: an encoder, the heads on it, and the decision."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Self, Unpack

import numpy as np

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import LabelValue, ScoreKind
from claxon.encoder.encoder import WINDOW, Encoder
from claxon.encoder.features import FloatMatrix
from claxon.encoder.run_options import RUN_DEFAULTS, RunOptions
from claxon.errors import OptionError
from claxon.heads.decision import ANY_LABEL, Abstention, Label, label_array, ranked, softmax, winners
from claxon.heads.heads import GraphHead, Head, LabelHead, chosen_head
from claxon.heads.label_sets import LabelSet
from claxon.predictions import Predictions, without_failed
from claxon.support.signatures import shows_options
from claxon.support.stack_level import caller_level
from claxon.support.validation import count
from claxon.text.inputs import OnError, iter_windows

if TYPE_CHECKING:
    import onnxruntime


class PredictOptions(RunOptions, total=False):
    """``threshold`` and ``margin`` as for ``Classifier.predict``, and what every run of the encoder takes."""

    threshold: float | None
    margin: float | None


PREDICT_DEFAULTS: PredictOptions = {**RUN_DEFAULTS, "threshold": None, "margin": None}


class Classifier:
    """A head on an encoder. May be shared between threads.

    ``scores`` are the head's own: probabilities for ``pretrained`` and ``logistic`` heads; cosines, which are not
    probabilities, for ``similarity`` heads without a temperature, ``softmax(cosine / temperature)`` with one.
    """

    def __init__(
        self,
        encoder: Encoder,
        heads: Mapping[str, Head],
        head: str | None = None,
        *,
        abstention: Abstention = ANY_LABEL,
    ) -> None:
        """Compose loaded parts; ``claxon.load`` and ``Classifier.from_labels`` are the usual ways in.

        Args:
            encoder: Gives the features.
            heads: By name; all are served by ``predict_all``.
            head: The one that answers the other calls; may be left out where there is one only.
            abstention: Threshold and margin of calls that give none.

        Raises:
            OptionError: there is no such head, or none at all.
        """
        self.encoder = encoder
        self.heads = dict(heads)
        self.head_name = chosen_head(encoder.bundle, self.heads, head)
        self.abstention = abstention

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        head: str | None = None,
        *,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        max_tokens: int | None = None,
        session_options: onnxruntime.SessionOptions | None = None,
        tune: bool = False,
        cuda_graphs: bool = False,
        expected_digest: str | None = None,
    ) -> Self:
        """Load a bundle's encoder and heads, their files checked; other options are those of ``Encoder.load``.

        Args:
            path: The bundle's folder.
            head: Which head answers; may be left out where the bundle has one. With several and none chosen, only
                ``predict_all`` answers.

        Raises:
            BundleError, OptionError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load``.
        """
        bundle = Bundle.open(path, expected_digest=expected_digest)
        names = [spec.name for spec in bundle.manifest.heads]
        if not names:
            raise OptionError(
                f"{bundle.path} has no heads; add one with `claxon fit` or `claxon add-head`, "
                "or use Encoder.load and Classifier.from_labels"
            )
        if head is not None and head not in names:
            near = get_close_matches(str(head), names, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise OptionError(f"{bundle.path} has no head {head!r}, but {', '.join(names)}{hint}")
        encoder = Encoder.from_bundle(
            bundle,
            device=device,
            precision=precision,
            threads=threads,
            max_tokens=max_tokens,
            session_options=session_options,
            tune=tune,
            cuda_graphs=cuda_graphs,
        )
        return cls(encoder, {spec.name: GraphHead(bundle, spec) for spec in bundle.manifest.heads}, head)

    @classmethod
    def from_labels(
        cls,
        encoder: Encoder,
        labels: LabelSet | Sequence[str] | Mapping[str, str | Sequence[str]],
        *,
        template: str | None = None,
        combine: str | None = None,
        temperature: float | None = None,
        label_names_encoder: Encoder | None = None,
        label_encoder: Encoder | None = None,
    ) -> Self:
        """Classify by the cosine between a text's embedding and each label's; no training.

        Args:
            encoder: A sentence encoder.
            labels: Label names; or a mapping of label to a description or several phrasings, which do better; or a
                ``LabelSet``, whose temperature, threshold and margin hold where none are given.
            template: Put around every phrasing, with ``{label}`` in it: ``"This review is {label}."``.
            combine: ``mean`` of a label's phrasings (the default), or ``best`` of them.
            temperature: Makes probabilities, ``softmax(cosine / temperature)``; ``None`` leaves cosines.
            label_names_encoder: Embeds the labels in another precision of the same bundle, and may be closed
                afterwards. Where texts run in int8, labels embedded in fp32 give more of them the label of fp32.
            label_encoder: The old name of ``label_names_encoder``; it warns.

        Raises:
            OptionError: fewer than two labels, duplicates, a template without ``{label}``, a ``LabelSet`` together with
                what it has of its own, no sentence embedding, a ``label_names_encoder`` of another bundle.
        """
        if not isinstance(labels, LabelSet):
            labels = LabelSet.of(labels, template=template, combine=combine)
        elif template is not None or combine not in (None, labels.combine):
            raise OptionError("a LabelSet has its own template and combine: give them to LabelSet.of")
        if label_encoder is not None:
            message = "label_encoder= is called label_names_encoder= now"
            warnings.warn(message, DeprecationWarning, stacklevel=caller_level())
            label_names_encoder = label_encoder
        embedder = encoder if label_names_encoder is None else label_names_encoder
        if embedder.bundle.digest != encoder.bundle.digest:
            raise OptionError(
                f"label_names_encoder is of {embedder.bundle.path}, which is not the bundle that embeds the texts"
            )
        head = LabelHead.of(embedder, labels, temperature)
        return cls(encoder, {head.name: head}, abstention=labels.abstention)

    @property
    def labels(self) -> tuple[LabelValue, ...]:
        """The head's labels, in the order of the scores' columns."""
        return self._head().labels

    @property
    def classes_(self) -> np.ndarray[tuple[int], Any]:
        """``labels`` as an array, as scikit-learn has it."""
        return label_array(self.labels)

    @shows_options(RunOptions, RUN_DEFAULTS)
    def predict(
        self,
        texts: Iterable[str],
        *,
        threshold: float | None = None,
        margin: float | None = None,
        **options: Unpack[RunOptions],
    ) -> np.ndarray[tuple[int], Any]:
        """The label of each text.

        Args:
            texts: As for ``Encoder.encode``.
            threshold: Texts whose best score is below it get ``None``, not a guess.
            margin: So do texts whose best score is above the second best by less.
            options: ``batch_size``, ``show_progress_bar``, ``on_truncation``, ``errors``, as for ``Encoder.encode``.

        Returns:
            Strings or integers as the labels are, shape ``(texts,)``; dtype object with a threshold, a
            margin or ``errors="record"``.

        Raises:
            InputError, OptionError, EngineError, ClosedError: as ``Encoder.encode`` does.
            OptionError: threshold or margin is not a number; several heads and none chosen.
        """
        return self.predictions(texts, threshold=threshold, margin=margin, **options).labels

    @shows_options(RunOptions, RUN_DEFAULTS)
    def predict_proba(self, texts: Iterable[str], **options: Unpack[RunOptions]) -> FloatMatrix:
        """Probabilities, rows sum to one. Shape: ``(texts, labels)``, float32.

        Raises:
            OptionError: the head gives cosines and has no temperature.
        """
        head = self._head()
        if head.score_kind is ScoreKind.COSINE and head.temperature is None:
            raise OptionError(
                f"head {head.name!r} gives cosines, which are not probabilities: use similarity(), "
                "or give the head a temperature"
            )
        return self.predictions(texts, **options).scores

    @shows_options(RunOptions, RUN_DEFAULTS)
    def decision_function(self, texts: Iterable[str], **options: Unpack[RunOptions]) -> FloatMatrix:
        """What ``predict`` takes the largest of. Shape: ``(texts, labels)``, float32; see the class for its kind."""
        return self.predictions(texts, **options).scores

    @shows_options(RunOptions, RUN_DEFAULTS)
    def similarity(self, texts: Iterable[str], **options: Unpack[RunOptions]) -> FloatMatrix:
        """Cosines between texts and labels, in [-1, 1]; not probabilities. Shape: ``(texts, labels)``, float32.

        Raises:
            OptionError: the head is not a similarity head.
        """
        head = self._head()
        if head.score_kind is not ScoreKind.COSINE:
            raise OptionError(f"head {head.name!r} gives probabilities: use predict_proba()")
        return head(self.encoder.features(texts, [head.feature], **options).values[head.feature])

    @shows_options(RunOptions, RUN_DEFAULTS)
    def classify(
        self,
        texts: Iterable[str],
        *,
        top_k: int | None = 1,
        threshold: float | None = None,
        margin: float | None = None,
        **options: Unpack[RunOptions],
    ) -> list[list[Label]]:
        """The best labels of each text with their scores, best first.

        Args:
            texts: As for ``Encoder.encode``.
            top_k: Labels a text at most; ``None`` for all.
            threshold: Labels whose score is below it are left out, so that a list may be empty.
            margin: A text whose best score is above the second best by less gets an empty list.
            options: As for ``predict``.

        Raises:
            OptionError: ``top_k`` is not 1 or more; and as ``predict`` does.
        """
        most, abstention = count("top_k", top_k, none_means="all labels"), self._abstention(threshold, margin)
        return ranked(self.predictions(texts, **options).scores, self.labels, most, abstention)

    @shows_options(PredictOptions, PREDICT_DEFAULTS)
    def predictions(self, texts: Iterable[str], **options: Unpack[PredictOptions]) -> Predictions:
        """Labels, scores, token counts and truncation from one call; the arguments are those of ``predict``."""
        head = self._head()
        return self._all(texts, [head], options)[head.name]

    def predictions_iter(
        self,
        texts: Iterable[str],
        *,
        threshold: float | None = None,
        margin: float | None = None,
        batch_size: int | None = None,
    ) -> Iterator[Predictions]:
        """``predictions`` of up to 2,048 texts at a time, lazily, for input that does not fit in memory."""
        self._head()
        self._abstention(threshold, margin)  # an error now, not at the first window
        return (
            self.predictions(window, threshold=threshold, margin=margin, batch_size=batch_size, on_truncation="ignore")
            for window in iter_windows(texts, WINDOW)
        )

    @shows_options(PredictOptions, PREDICT_DEFAULTS)
    def predict_all(
        self, texts: Iterable[str], **options: Unpack[PredictOptions]
    ) -> dict[str, np.ndarray[tuple[int], Any]]:
        """The labels that every head gives, by head; the encoder runs once for all of them."""
        return {name: predictions.labels for name, predictions in self.predictions_all(texts, **options).items()}

    @shows_options(PredictOptions, PREDICT_DEFAULTS)
    def predictions_all(self, texts: Iterable[str], **options: Unpack[PredictOptions]) -> dict[str, Predictions]:
        """``predictions`` of every head, by head; the encoder runs once for all of them."""
        return self._all(texts, list(self.heads.values()), options)

    def close(self) -> None:
        """Close the encoder; later calls raise ``ClosedError``."""
        self.encoder.close()

    def __enter__(self) -> Self:
        """The classifier itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """Head and encoder, in one line."""
        return f"Classifier(head={self.head_name!r}, encoder={self.encoder!r})"

    def _head(self) -> Head:
        if self.head_name is None:
            names = ", ".join(self.heads)
            raise OptionError(f"{self.encoder.bundle.path} has several heads; load it with head= one of {names}")
        return self.heads[self.head_name]

    def _abstention(self, threshold: float | None, margin: float | None) -> Abstention:
        return Abstention.of(threshold, margin).over(self.abstention)

    def _all(self, texts: Iterable[str], heads: Sequence[Head], options: PredictOptions) -> dict[str, Predictions]:
        left = options.copy()
        abstention = self._abstention(left.pop("threshold", None), left.pop("margin", None))
        run: RunOptions = left
        features = self.encoder.features(texts, [head.feature for head in heads], **run)
        found, may_fail = {}, run.get("errors") == OnError.RECORD
        for head in heads:
            given = head(features.values[head.feature])
            scores = given if head.temperature is None else softmax(given, head.temperature)
            cosines = given if head.score_kind is ScoreKind.COSINE else None
            labels = winners(scores, head.labels, abstention)
            whole = Predictions(labels, scores, features.n_tokens, features.truncated, cosines)
            found[head.name] = without_failed(whole, features.failed) if may_fail else whole
        return found
