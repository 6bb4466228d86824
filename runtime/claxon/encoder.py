"""Texts -> features: one run of the encoder graph gives every pooled feature that the heads need."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

import numpy as np

from claxon.batching import Batch, batches
from claxon.bundle import Bundle
from claxon.errors import BundleError, ClosedError, OptionError
from claxon.features import Features, FloatMatrix, FloatVector, chosen_feature, chosen_features
from claxon.loading import LoadOptions, load_parts
from claxon.manifest import EncoderSpec, Feature, GraphVariant
from claxon.options import choice, count
from claxon.progress import progress
from claxon.providers import Device, device_of
from claxon.session import Session
from claxon.texts import check_texts, iter_windows
from claxon.tokenization import Tokenizer
from claxon.tokens import Tokens
from claxon.truncation import OnTruncation, report_truncation

if TYPE_CHECKING:
    import onnxruntime

# The graph's output with every token's state, where it was exported with it.
TOKEN_STATES = "token_states"
# Padded tokens a batch. 256 to 1,024 beat larger ones on two cores: the activations stay in the cache.
TOKEN_BUDGET = 1024
# Texts that the lazy calls hold at a time: enough to find batches of similar length.
WINDOW = 2048


class RunOptions(TypedDict, total=False):
    """How texts are run; what each option does stands at ``Encoder.encode``."""

    batch_size: int | None
    show_progress_bar: bool
    on_truncation: str


class Encoder:
    """The encoder of a bundle. May be shared between threads.

    Attributes:
        bundle: What it was loaded from.
        variant: The graph that runs.
        max_tokens: Texts are cut at so many tokens, special tokens included.
        token_budget: Padded tokens a batch, more only where one text alone has more.
    """

    def __init__(
        self, bundle: Bundle, tokenizer: Tokenizer, session: Session, variant: GraphVariant, max_tokens: int
    ) -> None:
        """Compose loaded parts; ``Encoder.load`` is the usual way in."""
        self.bundle = bundle
        self.variant = variant
        self.max_tokens = max_tokens
        self.token_budget = TOKEN_BUDGET
        self._tokenizer = tokenizer
        self._session: Session | None = session

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        max_tokens: int | None = None,
        session_options: onnxruntime.SessionOptions | None = None,
    ) -> Self:
        """Load the encoder of a bundle, after every file of it was checked.

        Args:
            path: The bundle's folder.
            device: ``auto``, ``cpu`` or ``cuda``. ``cuda`` is met or an error; the attribute ``device`` says what runs.
            precision: ``auto``, or one that the bundle holds.
            threads: Threads inside an operator; ``None``: what affinity and the container's quota allow.
            max_tokens: Cut texts at fewer tokens than the bundle's limit.
            session_options: Given to ONNX Runtime instead of ours; use a new object for every load.

        Raises:
            BundleError: the folder is not a whole, unchanged bundle.
            OptionError: an option's value cannot be met.
            DeviceError: the device asked for is not there.
            EngineError: ONNX Runtime refuses the graph.
            MissingDependencyError: ONNX Runtime is not installed.
        """
        return cls.from_bundle(
            Bundle.open(path),
            device=device,
            precision=precision,
            threads=threads,
            max_tokens=max_tokens,
            session_options=session_options,
        )

    @classmethod
    def from_bundle(cls, bundle: Bundle, **options: Unpack[LoadOptions]) -> Self:
        """As ``load``, for a bundle that was opened already."""
        parts = load_parts(bundle, **options)
        return cls(bundle, parts.tokenizer, parts.session, parts.variant, parts.max_tokens)

    @property
    def spec(self) -> EncoderSpec:
        """What the manifest says of the encoder."""
        return self.bundle.manifest.encoder

    @property
    def width(self) -> int:
        """Columns of the default feature."""
        return self.spec.features[chosen_feature(self.spec, None)]

    @property
    def precision(self) -> str:
        """The precision that runs."""
        return str(self.variant.precision)

    @property
    def device(self) -> Device:
        """The device that runs, as ONNX Runtime says."""
        return device_of(self.providers)

    @property
    def providers(self) -> tuple[str, ...]:
        """Execution providers that run, as ONNX Runtime says, first choice first."""
        return self._open_session().providers

    def encode(
        self,
        texts: Iterable[str],
        *,
        feature: str | None = None,
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        on_truncation: str = OnTruncation.WARN,
    ) -> FloatMatrix:
        """One vector a text.

        Args:
            texts: A list, tuple, generator, or a numpy, pandas or Arrow column of ``str``.
            feature: ``embedding``, ``mean`` or ``cls``; ``None`` takes what the source calls its sentence embedding.
            batch_size: Texts a batch at most; ``None`` leaves it to the token budget alone.
            show_progress_bar: Draw one on standard error.
            on_truncation: ``warn`` (once a call), ``ignore`` or ``error``.

        Returns:
            float32, shape ``(texts, width)``, in the texts' order.

        Raises:
            InputError: something that is not a text, with its row.
            TruncatedTextError: a text is longer than the limit and ``on_truncation`` is ``error``.
            OptionError: the bundle has no such feature, or an option's value cannot be met.
            EngineError: ONNX Runtime failed.
            ClosedError: the encoder was closed.
        """
        name = chosen_feature(self.spec, feature)
        features = self.features(
            texts,
            [name],
            batch_size=batch_size,
            show_progress_bar=show_progress_bar,
            on_truncation=on_truncation,
        )
        return features.values[name]

    def encode_iter(
        self, texts: Iterable[str], *, feature: str | None = None, batch_size: int | None = None
    ) -> Iterator[FloatVector]:
        """One vector a text, lazily: ``texts`` may be endless, 2,048 of them are held at a time.

        Returns:
            An iterator of float32 arrays of shape ``(width,)``, in the texts' order. Truncation is not reported here.

        Raises:
            As ``encode`` does: at the call for an option, for a text when it is reached.
        """
        self._open_session()
        name, size = chosen_feature(self.spec, feature), _batch_size(batch_size)
        return (
            vector
            for window in iter_windows(texts, WINDOW)
            for vector in self.features(window, [name], batch_size=size, on_truncation="ignore").values[name]
        )

    def features(
        self,
        texts: Iterable[str],
        names: Sequence[str] | None = None,
        *,
        batch_size: int | None = None,
        show_progress_bar: bool = False,
        on_truncation: str = OnTruncation.WARN,
    ) -> Features:
        """Several pooled features from one run of the encoder.

        ``names`` are features, ``None`` for all that the bundle has; the other arguments are those of ``encode``.

        Raises:
            As ``encode`` does.
        """
        wanted, size = chosen_features(self.spec, names), _batch_size(batch_size)
        tokens = self._reported_tokens(texts, on_truncation)
        n_texts = len(tokens.lengths)
        values = {name: np.empty((n_texts, self.spec.features[name]), np.float32) for name in wanted}
        with progress(n_texts, unit="text", is_shown=show_progress_bar) as bar:
            for batch in self._batches(tokens, size):
                for name, pooled in zip(wanted, self._run(wanted, batch), strict=True):
                    values[name][batch.rows] = self._checked(name, pooled, batch)
                bar.update(len(batch.rows))
        return Features(values, tokens.uncut_lengths, tokens.truncated)

    def token_states(
        self, texts: Iterable[str], *, batch_size: int | None = None, on_truncation: str = OnTruncation.WARN
    ) -> list[FloatMatrix]:
        """The last hidden state of every token, special tokens included, of a bundle exported with them.

        Returns:
            One float32 array a text, of shape ``(tokens, width)``, in the texts' order.

        Raises:
            OptionError: the bundle was exported without ``--token-states``.
            As ``encode`` does.
        """
        if not self.spec.token_states:
            raise OptionError(f"{self.bundle.path} gives no token states; export it with --token-states")
        size = _batch_size(batch_size)
        tokens = self._reported_tokens(texts, on_truncation)
        states: dict[int, FloatMatrix] = {}
        for batch in self._batches(tokens, size):
            found = self._run([TOKEN_STATES], batch)[0]
            states |= {row: found[i, : tokens.lengths[row]].copy() for i, row in enumerate(batch.rows.tolist())}
        return [states[row] for row in range(len(states))]

    def tokenize(self, texts: Iterable[str]) -> Tokens:
        """Token ids as the encoder sees them: prompt and special tokens included, cut at ``max_tokens``.

        Raises:
            InputError: something that is not a text, with its row.
        """
        return self._tokenizer(check_texts(texts))

    def close(self) -> None:
        """Give the memory back; later calls raise ``ClosedError``."""
        self._session = None

    def __enter__(self) -> Self:
        """The encoder itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """What runs, in one line."""
        state = "closed" if self._session is None else f"{self.device}, {self.precision}"
        return f"Encoder({str(self.bundle.path)!r}, {self.spec.architecture}, {state})"

    def _open_session(self) -> Session:
        if self._session is None:
            raise ClosedError(f"the encoder of {self.bundle.path} was closed; load it again")
        return self._session

    def _reported_tokens(self, texts: Iterable[str], on_truncation: str) -> Tokens:
        self._open_session()  # closed is closed, even for no texts
        action = choice("on_truncation", on_truncation, OnTruncation)
        tokens = self.tokenize(texts)
        report_truncation(tokens, self.max_tokens, action)
        return tokens

    def _batches(self, tokens: Tokens, batch_size: int | None) -> Iterator[Batch]:
        return batches(tokens, pad_id=self.spec.pad_id, token_budget=self.token_budget, batch_size=batch_size)

    def _run(self, outputs: Sequence[str], batch: Batch) -> list[np.ndarray[Any, Any]]:
        return self._open_session().run(outputs, self._feeds(batch))

    def _feeds(self, batch: Batch) -> dict[str, np.ndarray[Any, Any]]:
        feeds = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
        if "token_type_ids" in self.spec.inputs:
            feeds["token_type_ids"] = np.zeros_like(batch.input_ids)
        return feeds

    def _checked(self, name: Feature, pooled: np.ndarray[Any, Any], batch: Batch) -> np.ndarray[Any, Any]:
        """What the graph gave, which numpy would otherwise stretch to the shape that the manifest says."""
        expected = (len(batch.rows), self.spec.features[name])
        if pooled.shape != expected:
            raise BundleError(
                f"{self.bundle.path}: {self.variant.graph} gave {name} of shape {pooled.shape}, expected {expected}"
            )
        return pooled


def _batch_size(batch_size: int | None) -> int | None:
    return count("batch_size", batch_size, none_means="the token budget alone")
