"""Loads the parts of an encoder from a bundle, after checking every file that they use."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import EncoderSpec, Feature, GraphVariant
from claxon.bundle.safetensors import Buffer
from claxon.encoder.features import chosen_features
from claxon.engine.encoder_session import TOKENIZER_NAME, engine_files, read_engine_files, start_session
from claxon.engine.planning import Run, expected_variant, plan_run, recalled, with_graphs
from claxon.engine.providers import Device
from claxon.engine.runner import BatchRunner
from claxon.engine.selection import AUTO
from claxon.engine.session import Session, engine_version
from claxon.engine.tuner import tune as time_candidates
from claxon.engine.tuning_store import Tuning, remember
from claxon.errors import BundleError
from claxon.support.parallel import submitted
from claxon.support.validation import count
from claxon.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    import onnxruntime


class LoadOptions(TypedDict, total=False):
    """How a bundle is loaded; ``Encoder.load`` explains each option."""

    device: str
    precision: str
    threads: int | None
    max_tokens: int | None
    session_options: onnxruntime.SessionOptions | None
    tune: bool
    cuda_graphs: bool
    features: Sequence[str] | None


LOAD_DEFAULTS: LoadOptions = {
    "device": Device.AUTO,
    "precision": AUTO,
    "threads": None,
    "max_tokens": None,
    "session_options": None,
    "tune": False,
    "cuda_graphs": False,
    "features": None,
}


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an encoder. ``max_tokens`` is the tokenizer's limit; ``run`` says what runs and why."""

    tokenizer: Tokenizer
    session: Session
    variant: GraphVariant
    max_tokens: int
    run: Run


def load_parts(
    bundle: Bundle,
    *,
    device: str = Device.AUTO,
    precision: str = AUTO,
    threads: int | None = None,
    max_tokens: int | None = None,
    session_options: onnxruntime.SessionOptions | None = None,
    tune: bool = False,
    cuda_graphs: bool = False,
    features: Sequence[str] | None = None,
) -> Parts:
    """Load the encoder's parts; the arguments are those of ``Encoder.load``.

    Raises:
        BundleError, OptionError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load``.
    """
    spec = bundle.manifest.encoder
    limit = _token_limit(spec, max_tokens)
    outputs = _kept_outputs(spec, features) if session_options is None else None
    device = with_graphs(device) if cuda_graphs else device
    tuning = _tuning(bundle, threads) if tune and precision == AUTO else None
    expected = expected_variant(bundle, device, precision, threads)
    with ThreadPoolExecutor(1) as pool:
        # Hashing releases the interpreter: the weights are checked while the engine and the tokenizer load.
        files = submitted(pool, _read_files, bundle, expected)
        run = plan_run(bundle, device, precision, threads, tuning, cuda_graphs=cuda_graphs)
        content = bundle.read(TOKENIZER_NAME).tobytes()
        tokenizer = Tokenizer(
            content,
            max_tokens=limit,
            prompt=spec.prompt,
            n_embeddings=spec.vocab_size,
            truncation_side=spec.truncation_side,
        )
        contents = files.result()
    if not tokenizer.n_special:  # its empty text would be a mean of nothing
        raise BundleError(
            f"{bundle.path}: {TOKENIZER_NAME} adds no special tokens, so an empty text would have no tokens"
        )
    session = _start(bundle, run, contents, session_options, outputs)
    if session.device is not run.plan.device:  # `auto`, and CUDA did not start
        on_cpu = plan_run(bundle, Device.CPU, precision, threads, tuning)
        is_same = on_cpu.plan.variant is run.plan.variant
        run, session = on_cpu, session if is_same else _start(bundle, on_cpu, contents, session_options, outputs)
    return Parts(tokenizer, session, run.plan.variant, limit, run)


def runner_of(bundle: Bundle, parts: Parts) -> BatchRunner:
    """What runs batches; it loads the graph again if a feature is asked for that it was not loaded for."""

    def load_whole() -> Session:
        return _start(bundle, parts.run, {}, None, None)

    is_whole = set(parts.session.outputs).issuperset(bundle.manifest.encoder.features)
    return BatchRunner(
        parts.session,
        bundle.manifest.encoder,
        parts.session.callers,
        load_whole=None if is_whole else load_whole,
    )


def _kept_outputs(spec: EncoderSpec, features: Sequence[str] | None) -> tuple[Feature, ...] | None:
    """Outputs to keep, if leaving the others out saves work: the first token's state does not need the others'.

    Raises:
        OptionError: the bundle has no such feature.
    """
    if features is None:
        return None
    chosen = tuple(chosen_features(spec, features, "features"))
    return chosen if chosen == (Feature.CLS,) else None


def _tuning(bundle: Bundle, threads: int | None) -> Tuning:
    """Return the saved tuning of this machine; without one, tune now and save it."""
    kept = recalled(bundle, threads, engine_version())
    if kept is not None:
        return kept
    tuning = time_candidates(bundle, threads)
    remember(tuning)
    return tuning


def _read_files(bundle: Bundle, variant: GraphVariant | None) -> dict[str, Buffer]:
    """Read the variant's files, and check all other files except those of graphs that do not run.

    The tokenizer is read beside this. A graph that does not run is hundreds of megabytes of which nothing is read: its
    names and sizes were compared when the bundle was opened, and ``Bundle.verify`` checks its bytes.
    """
    contents = {} if variant is None else read_engine_files(bundle, variant)
    graphs = {name for other in bundle.manifest.encoder.variants for name in engine_files(other)}
    bundle.verify(set(bundle.manifest.files) - graphs - {TOKENIZER_NAME})
    return contents


def _start(
    bundle: Bundle,
    run: Run,
    contents: dict[str, Buffer],
    session_options: onnxruntime.SessionOptions | None,
    outputs: Collection[str] | None,
) -> Session:
    variant = run.plan.variant
    if not contents.keys() >= set(engine_files(variant)):
        contents = read_engine_files(bundle, variant)
    return start_session(bundle, variant, contents, run.request, session_options, outputs)


def _token_limit(spec: EncoderSpec, max_tokens: int | None) -> int:
    limit = count("max_tokens", max_tokens, most=spec.max_tokens, none_means="the bundle's limit, which is the highest")
    return spec.max_tokens if limit is None else limit
