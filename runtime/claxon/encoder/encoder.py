"""Texts to features: one run of the encoder graph computes every pooled feature that the heads need."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Self, Unpack

from claxon.bundle.bundle import Bundle, by_absolute_path
from claxon.bundle.manifest import EncoderSpec, GraphVariant
from claxon.encoder.extraction import Extraction
from claxon.encoder.features import Features, FloatMatrix, FloatVector, chosen_feature, chosen_features
from claxon.encoder.load_spec import LoadSpec, reopen
from claxon.encoder.loading import LOAD_DEFAULTS, LoadOptions, load_parts, runner_of
from claxon.encoder.pairs import check_pairs, check_takes_pairs
from claxon.encoder.prompts import chosen_prompt
from claxon.encoder.sentence_encoder import SentenceEncoder
from claxon.engine.fork import PerProcess
from claxon.engine.providers import Device, device_of
from claxon.engine.runner import BatchRunner
from claxon.errors import ClosedError, OptionError
from claxon.support.progress import Bar
from claxon.support.signatures import names_nearest, shows_options
from claxon.support.validation import choice, count
from claxon.text.inputs import OnError, check_texts, iter_windows, read_texts
from claxon.text.pairs import PairTruncation
from claxon.text.tokenizer import Tokenizer
from claxon.text.tokens import Tokens
from claxon.text.truncation import OnTruncation, report_truncation

if TYPE_CHECKING:
    import onnxruntime

# The graph's output with every token's state, where it was exported with it.
TOKEN_STATES = "token_states"
# Texts that lazy calls hold at a time: enough for batches of similar length.
WINDOW = 2048


class Encoder(SentenceEncoder):
    """The encoder of a bundle. May be shared between threads.

    Attributes:
        bundle: What it was loaded from.
        variant: The graph that runs.
        max_tokens: Texts are truncated to this many tokens, special tokens included.
    """

    def __init__(
        self,
        bundle: Bundle,
        tokenizer: Tokenizer,
        runner: BatchRunner,
        variant: GraphVariant,
        max_tokens: int,
        options: LoadOptions | None = None,
    ) -> None:
        """Compose loaded parts; ``Encoder.load`` is the usual way. ``options`` are used to load them again."""
        self._load_spec = LoadSpec(by_absolute_path(bundle), options or LoadOptions(), variant, runner.session.device)
        self.bundle = bundle
        self.variant = variant
        self.max_tokens = max_tokens
        self._tokenizer = tokenizer
        self._runner: PerProcess[BatchRunner] | None = PerProcess(runner, self._load_spec.runner_of_child)

    @classmethod
    @names_nearest
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        max_tokens: int | None = None,
        session_options: onnxruntime.SessionOptions | None = None,
        tune: bool = False,
        cuda_graphs: bool = False,
        features: Sequence[str] | None = None,
        expected_digest: str | None = None,
    ) -> Self:
        """Load the encoder of a bundle, after checking every file that it uses.

        Args:
            path: The bundle's folder.
            device: ``auto``, ``cpu``, ``cuda`` or ``openvino``. All but ``auto`` raise if the device does not start.
            precision: ``auto`` uses the result of a tuning, else a rule for the processor; or one that the bundle has.
            threads: Number of threads; ``None`` for as many as affinity and the container's quota allow.
            max_tokens: Truncate texts to fewer tokens than the bundle's limit.
            session_options: Passed to ONNX Runtime instead of the defaults; use a new object for every load.
            tune: If this machine was not tuned yet, time the candidates first, for ``precision="auto"``.
            cuda_graphs: On CUDA only: run small batches as CUDA graphs, which halves the time of one text.
            features: Names of the features that you will read, if you know them. With ``["cls"]`` the last layer
                computes only the first token; reading another feature later loads the graph again.
            expected_digest: Fail unless the bundle has this digest, as printed by ``claxon inspect``.

        Raises:
            BundleError: the folder is not a complete, unchanged bundle.
            OptionError: an option has an invalid value.
            DeviceError: the requested device is not available.
            EngineError: ONNX Runtime rejects the graph.
            MissingDependencyError: ONNX Runtime is not installed.
        """
        options = LoadOptions(device=device, precision=precision, threads=threads, max_tokens=max_tokens, tune=tune)
        options |= {"session_options": session_options, "cuda_graphs": cuda_graphs, "features": features}
        return cls.from_bundle(Bundle.open(path, expected_digest=expected_digest), **options)

    @classmethod
    @shows_options(LoadOptions, LOAD_DEFAULTS)
    def from_bundle(cls, bundle: Bundle, **options: Unpack[LoadOptions]) -> Self:
        """Load the encoder of a bundle that is already open; the options are those of ``load``."""
        parts = load_parts(bundle, **options)
        return cls(bundle, parts.tokenizer, runner_of(bundle, parts), parts.variant, parts.max_tokens, options)

    @property
    def spec(self) -> EncoderSpec:
        """The encoder's entry in the manifest."""
        return self.bundle.manifest.encoder

    @property
    def precision(self) -> str:
        """The precision of the graph that runs."""
        return str(self.variant.precision)

    @property
    def device(self) -> Device:
        """The device that ONNX Runtime actually uses."""
        return device_of(self.providers)

    @property
    def providers(self) -> tuple[str, ...]:
        """The execution providers that ONNX Runtime actually uses, the first choice first."""
        return self._known().session.providers

    @property
    def token_budget(self) -> int:
        """Maximum number of padded tokens per batch; a longer text is a batch of its own. May be set."""
        return self._known().token_budget

    @token_budget.setter
    def token_budget(self, tokens: int) -> None:
        self._known().token_budget = tokens

    @names_nearest
    def encode_iter(
        self, texts: Iterable[str], *, feature: str | None = None, batch_size: int | None = None
    ) -> Iterator[FloatVector]:
        """Yield one vector per text, lazily. ``texts`` may be endless; 2,048 of them are held at a time.

        Returns:
            An iterator of float32 arrays of shape ``(width,)``, in the texts' order. Truncation is not reported here.

        Raises:
            ClaxonError: as ``encode``; for an option at the call, for a text when it is reached.
        """
        self._open()
        name, size = chosen_feature(self.spec, feature), _batch_size(batch_size)
        return (
            vector
            for window in iter_windows(texts, WINDOW)
            for vector in self.features(window, [name], batch_size=size, on_truncation="ignore").values[name]
        )

    @names_nearest
    def features(
        self,
        texts: Iterable[str],
        names: Sequence[str] | None = None,
        *,
        batch_size: int | None = None,
        show_progress_bar: bool | Bar = False,
        on_truncation: str = OnTruncation.WARN,
        errors: str = OnError.RAISE,
        prompt_name: str | None = None,
        prompt: str | None = None,
    ) -> Features:
        """Compute several pooled features in one run of the encoder.

        Args:
            texts: As for ``encode``.
            names: The features; ``None`` for all that the bundle has.
            batch_size: As for ``encode``.
            show_progress_bar: As for ``encode``; an existing bar is updated instead of drawing a new one.
            on_truncation: As for ``encode``.
            errors: As for ``encode``.

        Raises:
            ClaxonError: as ``encode``.
        """
        chosen, size, runner = chosen_features(self.spec, names), _batch_size(batch_size), self._open()
        action, on_error = choice("on_truncation", on_truncation, OnTruncation), choice("errors", errors, OnError)
        chosen_words = chosen_prompt(self.spec, prompt_name, prompt)
        tokenizer = self._tokenizer if chosen_words is None else self._tokenizer.with_prompt(chosen_words)
        extraction = Extraction(tokenizer, runner, self.spec, self.max_tokens, chosen, size, action, show_progress_bar)
        features = extraction.run(read_texts(texts, on_error), on_error)
        report_truncation(features.n_tokens, features.truncated, self.max_tokens, action)
        return features

    @names_nearest
    def pair_features(
        self,
        pairs: Iterable[tuple[str, str]],
        names: Sequence[str] | None = None,
        *,
        truncation: str = PairTruncation.LONGEST_FIRST,
        batch_size: int | None = None,
        show_progress_bar: bool | Bar = False,
        on_truncation: str = OnTruncation.WARN,
    ) -> Features:
        """Compute several pooled features of pairs of texts; equal pairs run once.

        Args:
            pairs: Two texts each, which the encoder reads as one, without a prompt.
            names: As for ``features``.
            truncation: What is cut where a pair has more than ``max_tokens``, which counts both texts and all special
                tokens: ``longest_first``, ``only_first`` or ``only_second``.
            batch_size, show_progress_bar, on_truncation: As for ``encode``.

        Returns:
            float32 arrays of shape ``(pairs, width)``; token counts are those of both texts together.

        Raises:
            InputError: something that is not a pair of texts, with its row; or the text that is not to be cut leaves no
                room for the other.
            OptionError: the bundle was exported without token types, which its architecture needs for pairs.
            ClaxonError: as ``encode``.
        """
        chosen, size, runner = chosen_features(self.spec, names), _batch_size(batch_size), self._open()
        action = choice("on_truncation", on_truncation, OnTruncation)
        check_takes_pairs(self.bundle)
        join = partial(self._tokenizer.pairs, truncation=choice("truncation", truncation, PairTruncation))
        extraction = Extraction(join, runner, self.spec, self.max_tokens, chosen, size, action, show_progress_bar)
        features = extraction.of_rows(check_pairs(pairs))
        report_truncation(features.n_tokens, features.truncated, self.max_tokens, action)
        return features

    @names_nearest
    def token_states(
        self, texts: Iterable[str], *, batch_size: int | None = None, on_truncation: str = OnTruncation.WARN
    ) -> list[FloatMatrix]:
        """Compute the last hidden state of every token, special tokens included.

        Returns:
            One float32 array a text, of shape ``(tokens, width)``, in the texts' order.

        Raises:
            OptionError: the bundle was exported without ``--token-states``.
            ClaxonError: as ``encode``.
        """
        if not self.spec.token_states:
            raise OptionError(f"{self.bundle.path} gives no token states; export it with --token-states")
        size, runner = _batch_size(batch_size), self._open()
        action = choice("on_truncation", on_truncation, OnTruncation)
        tokens = self.tokenize(texts)
        report_truncation(tokens.uncut_lengths, tokens.truncated, self.max_tokens, action)
        states: dict[int, FloatMatrix] = {}
        for done in runner.run(tokens, [TOKEN_STATES], size):
            rows = enumerate(done.batch.rows.tolist())
            states |= {row: done.values[0][i, : tokens.lengths[row]].copy() for i, row in rows}
        return [states[row] for row in range(len(states))]

    def tokenize(self, texts: Iterable[str]) -> Tokens:
        """Tokenize as the encoder does: with prompt and special tokens, truncated to ``max_tokens``.

        Raises:
            InputError: something that is not a text, with its row.
        """
        return self._tokenizer(check_texts(texts))

    def close(self) -> None:
        """Free the memory; later calls raise ``ClosedError``."""
        self._runner = None

    def __enter__(self) -> Self:
        """Return the encoder."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the encoder."""
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle path, digest and options; unpickling opens the bundle again."""
        return reopen, (type(self), *self._load_spec.travelling(self._known().token_budget))

    def __repr__(self) -> str:
        """Show what runs, in one line."""
        state = "closed" if self._runner is None else f"{self.device}, {self.precision}"
        return f"Encoder({str(self.bundle.path)!r}, {self.spec.architecture}, {state})"

    def _open(self) -> BatchRunner:
        return self._owned().get()

    def _known(self) -> BatchRunner:
        return self._owned().known()

    def _owned(self) -> PerProcess[BatchRunner]:
        if self._runner is None:
            raise ClosedError(f"the encoder of {self.bundle.path} was closed; load it again")
        return self._runner


def _batch_size(batch_size: int | None) -> int | None:
    return count("batch_size", batch_size, none_means="the token budget alone")
