"""Texts -> embeddings, in sentence-transformers' words: what is done to one feature after the encoder ran."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Unpack

import numpy as np

from claxon.bundle.manifest import EncoderSpec
from claxon.encoder.embeddings import (
    Matrix,
    Quantization,
    pairwise_similarities,
    quantized,
    similarities,
    unit_norm,
)
from claxon.encoder.features import Features, FloatMatrix, FloatVector, chosen_feature
from claxon.encoder.foreign_words import explains_foreign_words
from claxon.encoder.prompts import DOCUMENT, QUERY, prompt_of_task
from claxon.encoder.run_options import ENCODE_DEFAULTS, EncodeOptions
from claxon.errors import OptionError
from claxon.support.signatures import names_nearest, shows_options
from claxon.support.validation import choice, count
from claxon.text.inputs import OnError
from claxon.text.truncation import OnTruncation


class SentenceEncoder(ABC):
    """The calls of an encoder that give one vector a text; ``Encoder`` has the others."""

    max_tokens: int

    @property
    @abstractmethod
    def spec(self) -> EncoderSpec:
        """What the manifest says of the encoder."""

    @abstractmethod
    def features(
        self,
        texts: Iterable[str],
        names: list[str] | None = None,
        *,
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        on_truncation: str = OnTruncation.WARN,
        errors: str = OnError.RAISE,
        prompt_name: str | None = None,
        prompt: str | None = None,
    ) -> Features:
        """Several pooled features from one run of the encoder."""

    @explains_foreign_words
    @names_nearest
    def encode(
        self,
        texts: Iterable[str],
        *,
        feature: str | None = None,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        normalize_embeddings: bool = False,
        truncate_dim: int | None = None,
        precision: str = Quantization.FLOAT32,
        convert_to_numpy: bool = True,
        on_truncation: str = OnTruncation.WARN,
        errors: str = OnError.RAISE,
    ) -> Matrix:
        """One vector a text.

        Args:
            texts: A list, tuple, generator, or a numpy, pandas or Arrow column of ``str``.
            feature: ``embedding``, ``mean`` or ``cls``; ``None`` takes what the source calls its sentence embedding.
            prompt_name: Which of the source's prompts to put before every text; ``None`` for its default one.
            prompt: What to put before every text, in so many words, instead of a prompt of the source.
            batch_size: Texts a batch at most; ``None`` leaves it to the token budget alone.
            show_progress_bar: Draw one on standard error.
            normalize_embeddings: Divide each vector by its length, after it was made shorter.
            truncate_dim: Keep so many dimensions, the first ones, as models of the Matryoshka kind are made for.
            precision: ``float32``, ``int8``, ``uint8``, ``binary`` or ``ubinary``; int8 and uint8 are scaled by the
                rows of this call, so that those of two calls are not to be compared.
            convert_to_numpy: A numpy array is what there is.
            on_truncation: ``warn`` (once a call), ``ignore`` or ``error``.
            errors: ``raise`` at a row that is no text; or ``record`` it, NaN in its place, and serve the others.

        Returns:
            float32, shape ``(texts, width)``, in the texts' order; of another precision int8 or uint8, with an eighth
            of the columns where a dimension is a bit.

        Raises:
            InputError: something that is not a text, with its row.
            TruncatedTextError: a text is longer than the limit and ``on_truncation`` is ``error``.
            OptionError: the bundle has no such feature or prompt, or an option's value cannot be met.
            EngineError: ONNX Runtime failed.
            ClosedError: the encoder was closed.
        """
        name = chosen_feature(self.spec, feature)
        kind, width = choice("precision", precision, Quantization), self._kept(truncate_dim, name)
        _check_conversion(convert_to_numpy, kind, errors)
        features = self.features(
            texts,
            [name],
            batch_size=batch_size,
            show_progress_bar=bool(show_progress_bar),
            on_truncation=on_truncation,
            errors=errors,
            prompt_name=prompt_name,
            prompt=prompt,
        )
        embeddings = features.values[name][:, :width]
        return quantized(unit_norm(embeddings) if normalize_embeddings else np.ascontiguousarray(embeddings), kind)

    @explains_foreign_words
    @shows_options(EncodeOptions, ENCODE_DEFAULTS)
    def encode_query(self, texts: Iterable[str], **options: Unpack[EncodeOptions]) -> Matrix:
        """As ``encode``, after the source's prompt for queries, where it has one."""
        return self.encode(texts, **self._for_task(QUERY, options))

    @explains_foreign_words
    @shows_options(EncodeOptions, ENCODE_DEFAULTS)
    def encode_document(self, texts: Iterable[str], **options: Unpack[EncodeOptions]) -> Matrix:
        """As ``encode``, after the source's prompt for documents, where it has one."""
        return self.encode(texts, **self._for_task(DOCUMENT, options))

    def similarity(self, embeddings1: Any, embeddings2: Any) -> FloatMatrix:
        """How alike each embedding of one is to each of the other, by what the source compares with.

        Args:
            embeddings1: float32, shape ``(rows, width)``, or one of shape ``(width,)``.
            embeddings2: float32, shape ``(columns, width)``, or one of shape ``(width,)``.

        Returns:
            Cosines unless ``similarity_fn_name`` says otherwise. Shape: ``(rows, columns)``, float32.

        Raises:
            InputError: they are no embeddings, or not of one width.
        """
        return similarities(embeddings1, embeddings2, self.spec.similarity)

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> FloatVector:
        """How alike each embedding of one is to the one in the same row of the other. Shape: ``(rows,)``, float32.

        Raises:
            InputError: they are no embeddings, or not of one shape.
        """
        return pairwise_similarities(embeddings1, embeddings2, self.spec.similarity)

    @property
    def similarity_fn_name(self) -> str:
        """What ``similarity`` computes: ``cosine``, ``dot``, ``euclidean`` or ``manhattan``."""
        return str(self.spec.similarity)

    @property
    def prompts(self) -> dict[str, str]:
        """The source's prompts, by name."""
        return dict(self.spec.prompts)

    @property
    def width(self) -> int:
        """Columns of the default feature."""
        return self.spec.features[chosen_feature(self.spec, None)]

    def get_embedding_dimension(self) -> int:
        """``width``, as sentence-transformers has it."""
        return self.width

    def get_sentence_embedding_dimension(self) -> int:
        """``width``, as older releases of sentence-transformers have it."""
        return self.width

    @property
    def max_seq_length(self) -> int:
        """``max_tokens``, as sentence-transformers has it; another limit is given when the bundle is loaded.

        Raises:
            OptionError: it is set.
        """
        return self.max_tokens

    @max_seq_length.setter
    def max_seq_length(self, tokens: int) -> None:
        raise OptionError(f"max_seq_length is fixed once a bundle is loaded: Encoder.load(path, max_tokens={tokens!r})")

    def _kept(self, truncate_dim: int | None, name: str) -> int | None:
        width = self.spec.features[chosen_feature(self.spec, name)]
        return count("truncate_dim", truncate_dim, none_means="all dimensions", most=width)

    def _for_task(self, task: str, options: EncodeOptions) -> EncodeOptions:
        if options.get("prompt") is not None or options.get("prompt_name") is not None:
            return options
        return {**options, "prompt": prompt_of_task(self.spec, task)}


def _check_conversion(convert_to_numpy: bool, kind: Quantization, errors: str) -> None:
    if not convert_to_numpy:
        raise OptionError(
            "convert_to_numpy is False, but arrays are what there is; list(array) makes a list of vectors"
        )
    if kind is not Quantization.FLOAT32 and errors == OnError.RECORD:
        raise OptionError(f"precision is {kind!s}, which has no NaN for rows that are no texts; leave errors= out")
