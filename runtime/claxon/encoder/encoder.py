"""Texts -> features: one run of the encoder graph gives every pooled feature that the heads need."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self, Unpack

from claxon.bundle.bundle import Bundle, by_absolute_path
from claxon.bundle.manifest import EncoderSpec, GraphVariant
from claxon.encoder.extraction import Extraction
from claxon.encoder.features import Features, FloatMatrix, FloatVector, chosen_feature, chosen_features
from claxon.encoder.load_spec import LoadSpec, reopen
from claxon.encoder.loading import LOAD_DEFAULTS, LoadOptions, load_parts
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
from claxon.text.tokenizer import Tokenizer
from claxon.text.tokens import Tokens
from claxon.text.truncation import OnTruncation, report_truncation

if TYPE_CHECKING:
    import onnxruntime

# The graph's output with every token's state, where it was exported with it.
TOKEN_STATES = "token_states"
# Texts that the lazy calls hold at a time: enough to find batches of similar length.
WINDOW = 2048


class Encoder(SentenceEncoder):
    """The encoder of a bundle. May be shared between threads.

    Attributes:
        bundle: What it was loaded from.
        variant: The graph that runs.
        max_tokens: Texts are cut at so many tokens, special tokens included.
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
        """Compose loaded parts; ``Encoder.load`` is the usual way in. ``options`` are what to load them with again."""
        self._origin = LoadSpec(by_absolute_path(bundle), options or LoadOptions(), variant, runner.session.device)
        self.bundle = bundle
        self.variant = variant
        self.max_tokens = max_tokens
        self._tokenizer = tokenizer
        self._runner: PerProcess[BatchRunner] | None = PerProcess(runner, self._origin.runner_of_child)

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
        expected_digest: str | None = None,
    ) -> Self:
        """Load the encoder of a bundle, after every file that has a part in it was checked.

        Args:
            path: The bundle's folder.
            device: ``auto``, ``cpu``, ``cuda`` or ``openvino``; all but ``auto`` are met or an error.
            precision: ``auto``: what a tuning found, else a rule by processor; or one that the bundle holds.
            threads: Threads inside an operator; ``None``: what affinity and the container's quota allow.
            max_tokens: Cut texts at fewer tokens than the bundle's limit.
            session_options: Given to ONNX Runtime instead of ours; use a new object for every load.
            tune: Where nothing is remembered of this machine, time the candidates first, for ``precision="auto"``.
            cuda_graphs: On CUDA, and there only, run small batches as CUDA graphs; not tried on a GPU yet.
            expected_digest: The bundle's digest, as ``claxon inspect`` prints it, if it must be that bundle.

        Raises:
            BundleError: the folder is not a whole, unchanged bundle.
            OptionError: an option's value cannot be met.
            DeviceError: the device asked for is not there.
            EngineError: ONNX Runtime refuses the graph.
            MissingDependencyError: ONNX Runtime is not installed.
        """
        options = LoadOptions(device=device, precision=precision, threads=threads, max_tokens=max_tokens, tune=tune)
        options |= {"session_options": session_options, "cuda_graphs": cuda_graphs}
        return cls.from_bundle(Bundle.open(path, expected_digest=expected_digest), **options)

    @classmethod
    @shows_options(LoadOptions, LOAD_DEFAULTS)
    def from_bundle(cls, bundle: Bundle, **options: Unpack[LoadOptions]) -> Self:
        """As ``load``, for a bundle that was opened already."""
        parts = load_parts(bundle, **options)
        runner = BatchRunner(parts.session, bundle.manifest.encoder, parts.session.callers)
        return cls(bundle, parts.tokenizer, runner, parts.variant, parts.max_tokens, options)

    @property
    def spec(self) -> EncoderSpec:
        """What the manifest says of the encoder."""
        return self.bundle.manifest.encoder

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
        return self._known().session.providers

    @property
    def token_budget(self) -> int:
        """Padded tokens a batch at most, more only where one text alone has more; may be set."""
        return self._known().token_budget

    @token_budget.setter
    def token_budget(self, tokens: int) -> None:
        self._known().token_budget = tokens

    @names_nearest
    def encode_iter(
        self, texts: Iterable[str], *, feature: str | None = None, batch_size: int | None = None
    ) -> Iterator[FloatVector]:
        """One vector a text, lazily: ``texts`` may be endless, 2,048 of them are held at a time.

        Returns:
            An iterator of float32 arrays of shape ``(width,)``, in the texts' order. Truncation is not reported here.

        Raises:
            As ``encode`` does: at the call for an option, for a text when it is reached.
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
        """Several pooled features from one run of the encoder.

        ``names`` are features, ``None`` for all that the bundle has; the other arguments are those of ``encode``. A
        bar as ``show_progress_bar`` is told of the texts instead of a new one.

        Raises:
            As ``encode`` does.
        """
        wanted, size, runner = chosen_features(self.spec, names), _batch_size(batch_size), self._open()
        action, on_error = choice("on_truncation", on_truncation, OnTruncation), choice("errors", errors, OnError)
        chosen = chosen_prompt(self.spec, prompt_name, prompt)
        tokenizer = self._tokenizer if chosen is None else self._tokenizer.with_prompt(chosen)
        extraction = Extraction(tokenizer, runner, self.spec, self.max_tokens, wanted, size, action, show_progress_bar)
        features = extraction.of(read_texts(texts, on_error), on_error)
        report_truncation(features.n_tokens, features.truncated, self.max_tokens, action)
        return features

    @names_nearest
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
        """Token ids as the encoder sees them: prompt and special tokens included, cut at ``max_tokens``.

        Raises:
            InputError: something that is not a text, with its row.
        """
        return self._tokenizer(check_texts(texts))

    def close(self) -> None:
        """Give the memory back; later calls raise ``ClosedError``."""
        self._runner = None

    def __enter__(self) -> Self:
        """The encoder itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        """Path, digest and options travel; what receives them opens the bundle again."""
        return reopen, (type(self), *self._origin.travelling(self._known().token_budget))

    def __repr__(self) -> str:
        """What runs, in one line."""
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
