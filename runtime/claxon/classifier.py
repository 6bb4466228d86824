"""Texts -> labels: an encoder, the heads on it, and the decision."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, Unpack

import numpy as np

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import LabelValue
from claxon.encoder.encoder import WINDOW, Encoder
from claxon.encoder.features import FloatMatrix
from claxon.encoder.run_options import RUN_DEFAULTS, RunOptions
from claxon.engine.selection import AUTO
from claxon.errors import OptionError
from claxon.heads.answers import limits_of, threshold_for, thresholds_of
from claxon.heads.decision import ANY_LABEL, Abstention, Threshold, label_array, ranked
from claxon.heads.heads import GraphHead, Head, LabelHead, check_heads, chosen_head, embedder_of, label_set_of
from claxon.heads.label_sets import LabelSet
from claxon.heads.predict_options import (
    PREDICT_DEFAULTS,
    PredictOptions,
    most_labels,
    require_cosines,
    require_probabilities,
)
from claxon.predictions import Predictions, Rankings, predictions_of
from claxon.support.signatures import names_nearest, shows_options
from claxon.support.stack_level import caller_level
from claxon.text.inputs import OnError, iter_windows
from claxon.text.pairs import Pair
from claxon.zero_shot import ZeroShotCalls, features_of

if TYPE_CHECKING:
    import onnxruntime


class Classifier(ZeroShotCalls):
    """A head on an encoder. May be shared between threads.

    ``scores`` are the head's own, as ``score_kind`` says: probabilities that sum to one; cosines, which are not
    probabilities, for ``similarity`` heads without a temperature, ``softmax(cosine / temperature)`` with one; values of
    a ``decision`` function; a probability for each label of a ``multi_label`` head; the number of a ``regression``.
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
    @names_nearest
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
        check_heads(bundle, head)
        encoder = Encoder.from_bundle(
            bundle,
            device=device,
            precision=precision,
            threads=threads,
            max_tokens=max_tokens,
            session_options=session_options,
            tune=tune,
            cuda_graphs=cuda_graphs,
            features=list({spec.feature: None for spec in bundle.manifest.heads if head in (None, spec.name)}),
        )
        return cls(encoder, {spec.name: GraphHead(bundle, spec) for spec in bundle.manifest.heads}, head)

    @classmethod
    @names_nearest
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
        if label_encoder is not None:
            message = "label_encoder= is called label_names_encoder= now"
            warnings.warn(message, DeprecationWarning, stacklevel=caller_level())
            label_names_encoder = label_encoder
        label_set = label_set_of(labels, template, combine)
        head = LabelHead.of(embedder_of(encoder, label_names_encoder), label_set, temperature)
        return cls(encoder, {head.name: head}, abstention=label_set.abstention)

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
        texts: Iterable[str | Pair],
        *,
        threshold: Threshold | None = None,
        margin: float | None = None,
        **options: Unpack[RunOptions],
    ) -> np.ndarray[tuple[int], Any]:
        """The label of each text; its labels from a ``multi_label`` head, its number from a ``regression``.

        Args:
            texts: As for ``Encoder.encode``; or a list of pairs, tuples of two texts, for a head trained on pairs.
            threshold: Texts whose best score is below it get ``None``, not a guess. A mapping has a threshold for each
                label that it names. Of a ``multi_label`` head every label holds whose probability is not below it; left
                out, it is the head's own, or 0.5.
            margin: Texts whose best score is above the second best by less get ``None`` too.
            options: ``batch_size``, ``show_progress_bar``, ``on_truncation``, ``errors``, as for ``Encoder.encode``.

        Returns:
            Strings or integers as the labels are, shape ``(texts,)``; dtype object with a threshold, a margin or
            ``errors="record"``. Of a ``multi_label`` head tuples of labels, empty where none holds, dtype object; of a
            ``regression`` float32, NaN where a row failed.

        Raises:
            InputError, OptionError, EngineError, ClosedError: as ``Encoder.encode`` does.
            OptionError: threshold or margin is not a number, or not for such a head; several heads and none chosen.
        """
        return self.predictions(texts, threshold=threshold, margin=margin, **options).labels

    @shows_options(RunOptions, RUN_DEFAULTS)
    def predict_proba(self, texts: Iterable[str | Pair], **options: Unpack[RunOptions]) -> FloatMatrix:
        """Probabilities, rows sum to one but those of a ``multi_label`` head. Shape: ``(texts, labels)``, float32.

        Raises:
            OptionError: the head gives no probabilities; the message says what it gives, and the method for it.
        """
        require_probabilities(self._head())
        return self.predictions(texts, **options).scores

    @shows_options(RunOptions, RUN_DEFAULTS)
    def decision_function(self, texts: Iterable[str | Pair], **options: Unpack[RunOptions]) -> FloatMatrix:
        """What ``predict`` goes by. Shape: ``(texts, labels)``, float32; see the class for its kind."""
        return self.predictions(texts, **options).scores

    @shows_options(RunOptions, RUN_DEFAULTS)
    def similarity(self, texts: Iterable[str], **options: Unpack[RunOptions]) -> FloatMatrix:
        """Cosines between texts and labels, in [-1, 1]; not probabilities. Shape: ``(texts, labels)``, float32.

        Raises:
            OptionError: the head is not a similarity head.
        """
        head = self._head()
        require_cosines(head)
        return head(self.encoder.features(texts, [head.feature], **options).values[head.feature])

    @shows_options(RunOptions, RUN_DEFAULTS)
    def classify(
        self,
        texts: Iterable[str | Pair],
        *,
        top_k: int | str | None = AUTO,
        threshold: Threshold | None = None,
        margin: float | None = None,
        **options: Unpack[RunOptions],
    ) -> Rankings:
        """The best labels of each text with their scores, best first.

        Args:
            texts: As for ``Encoder.encode``.
            top_k: Labels a text at most; ``None`` for all. ``auto``: one, and of a ``multi_label`` head all that hold.
            threshold: Labels whose score is below it are left out, so that a list may be empty; as for ``predict``.
            margin: A text whose best score is above the second best by less gets an empty list.
            options: As for ``predict``.

        Raises:
            OptionError: ``top_k`` is not 1 or more; the head is a ``regression``; and as ``predict`` does.

        Returns:
            One list a text, in the texts' order; lists of lists, with ``to_records`` and ``to_pandas`` beside.
        """
        head = self._head()
        most, abstention = most_labels(head, top_k), self._abstention(head, threshold, margin)
        return Rankings.of(ranked(self.predictions(texts, **options).scores, self.labels, most, abstention))

    @shows_options(PredictOptions, PREDICT_DEFAULTS)
    def predictions(self, texts: Iterable[str | Pair], **options: Unpack[PredictOptions]) -> Predictions:
        """Labels, scores, token counts and truncation from one call; the arguments are those of ``predict``."""
        head = self._head()
        return self._all(texts, [head], options)[head.name]

    @names_nearest
    def predictions_iter(
        self,
        texts: Iterable[str],
        *,
        threshold: Threshold | None = None,
        margin: float | None = None,
        batch_size: int | None = None,
    ) -> Iterator[Predictions]:
        """``predictions`` of up to 2,048 texts at a time, lazily, for input that does not fit in memory."""
        self._abstention(self._head(), threshold, margin)  # an error now, not at the first window
        return (
            self.predictions(window, threshold=threshold, margin=margin, batch_size=batch_size, on_truncation="ignore")
            for window in iter_windows(texts, WINDOW)
        )

    @shows_options(PredictOptions, PREDICT_DEFAULTS)
    def predict_all(
        self, texts: Iterable[str | Pair], **options: Unpack[PredictOptions]
    ) -> dict[str, np.ndarray[tuple[int], Any]]:
        """The labels that every head gives, by head; the encoder runs once for all of them."""
        return {name: predictions.labels for name, predictions in self.predictions_all(texts, **options).items()}

    @shows_options(PredictOptions, PREDICT_DEFAULTS)
    def predictions_all(self, texts: Iterable[str | Pair], **options: Unpack[PredictOptions]) -> dict[str, Predictions]:
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

    def _with_head(self, head: Head) -> Self:
        return type(self)(self.encoder, {head.name: head})

    def _abstention(self, head: Head, threshold: Threshold | None, margin: float | None) -> Abstention:
        """What holds for a head, checked."""
        asked = Abstention.of(threshold_for(head, threshold), margin)
        return limits_of(head.name, head.score_kind, thresholds_of(head), asked.over(self.abstention))

    def _all(
        self, texts: Iterable[str | Pair], heads: Sequence[Head], options: PredictOptions
    ) -> dict[str, Predictions]:
        left = options.copy()
        threshold, margin = left.pop("threshold", None), left.pop("margin", None)
        limits = [self._abstention(head, threshold, margin) for head in heads]
        run: RunOptions = left
        features = features_of(self.encoder, texts, heads, **run)
        may_fail = run.get("errors") == OnError.RECORD
        return {
            head.name: predictions_of(head, features, limit, may_fail=may_fail)
            for head, limit in zip(heads, limits, strict=True)
        }
