"""Times every precision and device that a bundle and this machine support, and ranks them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import EncoderSpec, GraphVariant, Precision
from claxon.engine.encoder_session import TOKENIZER_NAME, read_engine_files, start_session
from claxon.engine.hardware import processor_features
from claxon.engine.openvino import plugin_version
from claxon.engine.planning import for_encoder, machine
from claxon.engine.providers import Device
from claxon.engine.selection import AUTO, Environment, Pair, obstacle, runnable
from claxon.engine.session import Session, engine_request, engine_version
from claxon.engine.tuning_store import Rate, Tuning
from claxon.errors import DeviceError, EngineError, InputError, OptionError
from claxon.text.batching import pad, plan
from claxon.text.inputs import check_texts
from claxon.text.tokenizer import Tokenizer
from claxon.text.tokens import IntArray, Tokens

# A workload is timed for so long, but for one round at least, after one run of every batch.
SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A graph and a device to time. ``obstacle`` says why it is left out."""

    variant: GraphVariant
    device: Device
    obstacle: str | None = None

    @property
    def pair(self) -> Pair:
        """Its precision on its device."""
        return Pair(self.variant.precision, self.device)


def candidates(bundle: Bundle, threads: int | None = None) -> list[Candidate]:
    """Return everything that this machine can run, device by device.

    A graph that is not exact is left out unless its parity was recorded: how far it is off is not known otherwise.
    """
    devices = tuple(dict.fromkeys([*engine_request(Device.AUTO, threads).devices, *_plugins()]))
    pairs = runnable(bundle.manifest.encoder.variants, Environment(devices, processor_features()))
    return [Candidate(variant, device, _objection(variant)) for variant, device in pairs]


def left_out(bundle: Bundle, threads: int | None = None) -> list[Candidate]:
    """Return the graphs that no device here can run, with the reason, on the device they were written for if known."""
    place = Environment(engine_request(Device.AUTO, threads).devices, processor_features())
    able = {candidate.variant.precision for candidate in candidates(bundle, threads)}
    others = [variant for variant in bundle.manifest.encoder.variants if variant.precision not in able]
    reasons = [obstacle(variant, place.devices[-1], place) for variant in others]
    return [
        Candidate(variant, _written_for(variant, place.devices[-1]), f"left out: {reason}")
        for variant, reason in zip(others, reasons, strict=True)
    ]


def tune(
    bundle: Bundle,
    threads: int | None = None,
    texts: Sequence[str] | None = None,
    *,
    report: Callable[[Candidate, str], None] = lambda *_: None,
) -> Tuning:
    """Time all candidates, about a second each, or a few for slow ones, with so many threads.

    Args:
        bundle: What to time.
        threads: As many as ``Encoder.load`` will be given; the rates hold for no other number.
        texts: Timed instead of generated tokens: the shorter and the longer half.
        report: Called for each candidate with what became of it.

    Raises:
        BundleError: a file is not the one that the manifest describes.
        InputError: no texts, or something among them that is none.
        OptionError: no candidate runs here.
        MissingDependencyError: ONNX Runtime is not installed.
    """
    n_threads = engine_request(Device.AUTO, threads).threads
    workloads = _workloads(bundle, texts)
    rates = []
    for candidate in [*candidates(bundle, threads), *left_out(bundle, threads)]:
        if candidate.obstacle is not None:
            report(candidate, candidate.obstacle)
            continue
        try:
            rates.append(_rate(bundle, candidate, n_threads, workloads))
            report(candidate, f"{rates[-1].tokens_s:,.0f} tokens/s")
        except (DeviceError, EngineError) as error:
            report(candidate, str(error))
    if not rates:
        raise OptionError(f"nothing in {bundle.path} could be timed here; `claxon doctor` tells more")
    ranked = tuple(sorted(rates, key=lambda rate: -rate.tokens_s))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Tuning(bundle.digest, machine(n_threads, engine_version()), now, ranked)


def _plugins() -> tuple[Device, ...]:
    return () if plugin_version() is None else (Device.OPENVINO,)


def _written_for(variant: GraphVariant, otherwise: Device) -> Device:
    """Return the first known device of a graph; a manifest may name others, or none."""
    known = (device for device in Device if device is not Device.AUTO)
    return next((device for device in known if device in variant.devices), otherwise)


def _objection(variant: GraphVariant) -> str | None:
    if variant.precision is Precision.FP32 or variant.parity is not None:
        return None
    return "left out: the bundle records no parity for it, so its accuracy is unknown"


def _workloads(bundle: Bundle, texts: Sequence[str] | None) -> tuple[Workload, Workload]:
    spec = bundle.manifest.encoder
    if texts is None:
        return generated(spec)
    if not texts:
        raise InputError("there are no texts to time; expected one or more")
    content = bundle.read(TOKENIZER_NAME).tobytes()
    tokenizer = Tokenizer(
        content,
        max_tokens=spec.max_tokens,
        prompt=spec.prompt,
        n_embeddings=spec.vocab_size,
        truncation_side=spec.truncation_side,
    )
    return of_texts(spec, tokenizer(check_texts(texts)))


def _rate(bundle: Bundle, candidate: Candidate, threads: int, workloads: tuple[Workload, Workload]) -> Rate:
    request = for_encoder(engine_request(candidate.device, threads), bundle, AUTO)
    contents = read_engine_files(bundle, candidate.variant)
    session = start_session(bundle, candidate.variant, contents, request)
    output = next(iter(bundle.manifest.encoder.features))
    with ThreadPoolExecutor(session.callers) as pool:
        short, medium = (_tokens_s(session, str(output), workload, pool) for workload in workloads)
    return Rate(candidate.pair, short, medium)


def _tokens_s(session: Session, output: str, workload: Workload, pool: ThreadPoolExecutor) -> float:
    """Return tokens per second: the median of rounds over all batches, as many in parallel as in a large call."""
    rounds: list[float] = []

    def run_all() -> float:
        begin = perf_counter()
        list(pool.map(lambda feeds: session.run([output], feeds), workload.batches))
        return perf_counter() - begin

    run_all()
    while not rounds or sum(rounds) < SECONDS:
        rounds.append(run_all())
    return workload.tokens / median(rounds)


# Tokens of the generated texts: those of tweets, and those of reviews.
SHORT_LENGTHS = (12, 18, 26)
MEDIUM_LENGTHS = (80, 112)
TOKENS_A_BATCH = 512
# Of a caller's texts: enough for a second on a fast machine, few enough for a slow one.
MOST_BATCHES = 3
SEED = 20_240_613

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Workload:
    """Batches of texts of similar length; ``tokens`` does not count padding."""

    name: str
    batches: tuple[Mapping[str, Array], ...]
    tokens: int


def generated(encoder: EncoderSpec) -> tuple[Workload, Workload]:
    """Generate short and medium texts of random ids, the same each time, within the encoder's limit."""
    rng = np.random.default_rng(SEED)

    def workload(name: str, lengths: Sequence[int]) -> Workload:
        kept = [min(length, encoder.max_tokens) for length in lengths]
        sizes = np.repeat(kept, [max(1, TOKENS_A_BATCH // length) for length in kept])
        tokens = Tokens(_random_ids(rng, encoder, int(sizes.sum())), sizes, sizes)
        return _workload(name, encoder, tokens, np.arange(len(sizes)))

    return workload("short", SHORT_LENGTHS), workload("medium", MEDIUM_LENGTHS)


def of_texts(encoder: EncoderSpec, tokens: Tokens) -> tuple[Workload, Workload]:
    """Cut the shorter and the longer half of the caller's texts into a few batches each."""
    rows = np.argsort(tokens.lengths, kind="stable")
    half = max(1, len(rows) // 2)
    longer = rows[half:] if len(rows) > 1 else rows
    return _workload("short", encoder, tokens, rows[:half]), _workload("medium", encoder, tokens, longer)


def _workload(name: str, encoder: EncoderSpec, tokens: Tokens, rows: IntArray) -> Workload:
    """Choose some of the batches of these rows, from the longest to the shortest."""
    planned = plan(tokens.lengths[rows], token_budget=TOKENS_A_BATCH)
    chosen = [rows[places] for places in planned[:: max(1, len(planned) // MOST_BATCHES)][:MOST_BATCHES]]
    starts = tokens.starts
    feeds = [pad(tokens, starts, batch, pad_id=encoder.pad_id).feeds(encoder.inputs) for batch in chosen]
    return Workload(name, tuple(feeds), sum(int(tokens.lengths[batch].sum()) for batch in chosen))


def _random_ids(rng: np.random.Generator, encoder: EncoderSpec, length: int) -> IntArray:
    """Generate ids that are not padding."""
    ids = rng.integers(0, encoder.vocab_size, length)
    return np.where(ids == encoder.pad_id, (encoder.pad_id + 1) % encoder.vocab_size, ids)
