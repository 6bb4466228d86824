"""Part 5: what to choose: token budget, CUDA graphs, ONNX Runtime's options, callers side by side, tokenising ahead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from claxon import Encoder
from claxon.engine import padding
from claxon.engine.providers import Device
from claxon_bench.workloads import latency_texts
from gpu.record import Case, Figures
from gpu.running import cuda_options, encoder_of, latencies, memory_mib, rates, texts_of
from gpu.setting import Setting, Subject

LENGTHS = ("short", "medium", "mixed")
# ONNX Runtime's own defaults, and what it keeps switched off: `sdpa_kernel` 8 is cuDNN's attention.
OPTIONS = {
    "as Claxon asks": {},
    "norms in float16": {"enable_skip_layer_norm_strict_mode": "0"},
    "arena by powers of two": {"arena_extend_strategy": "kNextPowerOfTwo"},
    "cuDNN's attention": {"sdpa_kernel": "8"},
    "one stream": {"use_ep_level_unified_stream": "1"},
    "one stream, arena by powers of two": {
        "use_ep_level_unified_stream": "1",
        "arena_extend_strategy": "kNextPowerOfTwo",
    },
}
STEPS = (8, 16, 32, 64)


def cases(setting: Setting) -> Iterator[Case]:
    """Those that change a default first."""
    on_cuda = setting.device is Device.CUDA
    first = setting.large[0]
    if on_cuda:
        for name, options in OPTIONS.items():
            yield Case(f"options: {name}", partial(with_options, setting, first, options))
        yield Case(f"{first.name}: throughput with CUDA graphs", partial(graphed, setting, first))
    yield Case("tokenising", partial(tokenising, setting, first))
    for subject in setting.large:
        if on_cuda:
            yield Case(f"{subject.name}: CUDA graphs", partial(graphs, setting, subject))
        yield Case(f"{subject.name}: callers", partial(callers, setting, subject))
    if on_cuda:
        yield Case("padding", partial(paddings, setting, first))
    for subject in setting.large:
        yield Case(f"{subject.name}: token budget", partial(token_budgets, setting, subject))


def token_budgets(setting: Setting, subject: Subject) -> Figures:
    """Texts a second by padded tokens a batch, and the device's memory after each."""
    found: dict[str, Any] = {}
    with _encoder(setting, subject) as encoder:
        for budget in setting.sizes.budgets:
            encoder.token_budget = budget
            found[str(budget)] = _speeds(encoder, setting) | {"mib": memory_mib(setting)}
    best = max(found, key=lambda budget: sum(float(found[budget][length]) for length in LENGTHS))
    return {"by_budget": found, "best": int(best)}


def callers(setting: Setting, subject: Subject) -> Figures:
    """Two threads on one session, and two sessions, against one."""
    texts = texts_of("mixed", setting.sizes.texts)
    with _encoder(setting, subject) as one, _encoder(setting, subject) as two:
        found = {
            "one": rates(lambda: one.encode(texts, on_truncation="ignore"), len(texts), setting.sizes.rounds),
            "two threads": side_by_side(setting, (one, one), texts),
            "two sessions": side_by_side(setting, (one, two), texts),
        }
        return {name: figures["texts_per_second"] for name, figures in found.items()}


def side_by_side(setting: Setting, encoders: Sequence[Encoder], texts: Sequence[str]) -> dict[str, Any]:
    """The rates of two threads, with half of the texts each."""
    halves = (texts[::2], texts[1::2])
    with ThreadPoolExecutor(2) as pool:

        def both() -> None:
            list(pool.map(lambda encoder, half: encoder.encode(half, on_truncation="ignore"), encoders, halves))

        return rates(both, len(texts), setting.sizes.rounds)


def graphs(setting: Setting, subject: Subject) -> Figures:
    """One text, with CUDA graphs and without; memory with them."""
    found: dict[str, Any] = {}
    for name, wanted in (("without", False), ("with", True)):
        idle = memory_mib(setting)
        with encoder_of(subject, "cuda", setting.fastest, cuda_graphs=wanted, max_tokens=128) as encoder:
            one = latencies(lambda text: encoder.encode([text]), latency_texts(), setting.sizes.latencies)
            found[name] = one | {"mib": memory_mib(setting) - idle}
    return found


def graphed(setting: Setting, subject: Subject) -> Figures:
    """Throughput and two threads with CUDA graphs switched on: their batches are padded to few shapes."""
    with encoder_of(subject, "cuda", setting.fastest, cuda_graphs=True) as encoder:
        return {**_speeds(encoder, setting), **_two_threads(encoder, setting)}


def tokenising(setting: Setting, subject: Subject) -> Figures:
    """Texts a second that the tokenizer alone makes: nothing can be faster than that."""
    found = {}
    with _encoder(setting, subject) as encoder:
        for length in LENGTHS:
            texts = texts_of(length, setting.sizes.texts)
            call = partial(encoder.tokenize, texts)
            found[length] = rates(call, len(texts), setting.sizes.rounds)["texts_per_second"]
    return found


def paddings(setting: Setting, subject: Subject) -> Figures:
    """Lengths in multiples of 8 and more."""
    found, ours = {}, padding.CUDA_LENGTH_STEP
    try:
        for step in STEPS:
            padding.CUDA_LENGTH_STEP = step
            with _encoder(setting, subject) as encoder:
                found[str(step)] = _speeds(encoder, setting)
    finally:
        padding.CUDA_LENGTH_STEP = ours
    return found


def with_options(setting: Setting, subject: Subject, options: dict[str, str]) -> Figures:
    """Throughput and latency with other options of the CUDA provider."""
    idle = memory_mib(setting)
    with cuda_options(**options), _encoder(setting, subject) as encoder:
        one = latencies(lambda text: encoder.encode([text]), latency_texts(), setting.sizes.latencies)
        speeds = {**_speeds(encoder, setting), **_two_threads(encoder, setting)}
        return {**speeds, **one, "mib": memory_mib(setting) - idle}


def _encoder(setting: Setting, subject: Subject) -> Encoder:
    return encoder_of(subject, str(setting.device), setting.fastest)


def _two_threads(encoder: Encoder, setting: Setting) -> dict[str, float]:
    texts = texts_of("mixed", setting.sizes.texts)
    return {"two threads": float(side_by_side(setting, (encoder, encoder), texts)["texts_per_second"])}


def _speeds(encoder: Encoder, setting: Setting) -> dict[str, float]:
    found = {}
    for length in LENGTHS:
        texts = texts_of(length, setting.sizes.texts // 2)
        call = partial(encoder.encode, texts, on_truncation="ignore")
        found[length] = float(rates(call, len(texts), setting.sizes.rounds)["texts_per_second"])
    return found
