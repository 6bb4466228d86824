"""Part 2: is it right: against fp32 on the CPU, in every batch, from many threads, after a failure, without growth."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from claxon import Encoder
from claxon.bundle.manifest import Feature
from claxon.engine.providers import Device
from claxon.errors import EngineError
from claxon_export.heads.comparison import PROBABILITIES, has_another_label
from claxon_export.parity.parity import cosine, packaged_texts
from gpu.record import WRONG, Case, Figures
from gpu.running import answering, cuda_options, encoder_of, in_new_process, memory_mib, texts_of
from gpu.setting import Setting, Subject

Array = np.ndarray[Any, Any]

LEAST_COSINE = {"fp32": 0.99999, "fp16": 0.9999}
MARGIN = 1e-3
BATCHES = (1, 2, 3, 7, 8, 16, 33, 64)
GRAPH_TOKENS, GRAPH_BATCHES = (16, 32, 64, 128), (1, 2, 4, 8)
# Calls until the arena has seen the usual shapes, as a share of all.
WARM_SHARE = 3
MOST_GROWTH_MIB = 64
LIMITED_BYTES = 1 << 30

# Loads strictly and by choice where there is no GPU.
NO_GPU = """
import json, sys
import claxon
found = {"strict": "no error"}
try:
    claxon.Encoder.load(sys.argv[1], device="cuda")
except claxon.DeviceError as error:
    found["strict"] = f"DeviceError: {error}"[:300]
encoder = claxon.Encoder.load(sys.argv[1], device="auto")
encoder.encode(["It runs."])
print(json.dumps(found | {"auto": str(encoder.device), "precision": encoder.precision}))
"""


def cases(setting: Setting) -> Iterator[Case]:
    """The most telling first."""
    for subject in setting.subjects:
        for precision in setting.precisions:
            words = (subject, precision)
            yield Case(f"{subject.name}, {precision}", lambda words=words: agreement(setting, *words))  # type: ignore[misc]
    first = setting.subjects[0]
    yield Case("batches", lambda: batches(setting, first))
    if setting.device is Device.CUDA:
        yield Case("CUDA graphs", lambda: graphs(first, setting.fastest))
        yield Case("out of memory", lambda: out_of_memory(setting, first))
    yield Case("no GPU", lambda: no_gpu(first))
    yield Case("threads", lambda: threads(setting, first))
    yield Case("growth", lambda: growth(setting, first))


def agreement(setting: Setting, subject: Subject, precision: str) -> Figures:
    """The device against fp32 on the CPU, on the packaged texts: cosine, labels, NaN."""
    texts = [*packaged_texts(), *texts_of("mixed", 16)]
    with encoder_of(subject, "cpu", "fp32") as encoder:
        features, asked = _values(encoder, texts), answering(encoder)(texts)
    with encoder_of(subject, str(setting.device), precision) as encoder:
        found, scores = _values(encoder, texts), answering(encoder)(texts)
        ran = {"device": str(encoder.device), "providers": list(encoder.providers), "precision": encoder.precision}
    cosines = {str(name): cosine(features[name], found[name]) for name in features}
    worst = min(float(values.min()) for values in cosines.values())
    labels = int(has_another_label(PROBABILITIES, asked, scores, MARGIN).sum()) if are_probabilities(asked) else 0
    not_finite = int(sum((~np.isfinite(values)).sum() for values in (*found.values(), scores)))
    wrong = [f"worst cosine {worst:.6f}, expected {LEAST_COSINE[precision]} or more"] * (
        worst < LEAST_COSINE[precision]
    )
    wrong += [f"{labels} labels are others"] * (labels > 0) + [f"{not_finite} numbers are not finite"] * (
        not_finite > 0
    )
    mean = {name: float(values.mean()) for name, values in cosines.items()}
    return {
        **ran,
        "texts": len(texts),
        "worst_cosine": worst,
        "mean_cosine": mean,
        "other_labels": labels,
        WRONG: wrong,
    }


def _values(encoder: Encoder, texts: Sequence[str]) -> dict[Feature, Array]:
    return dict(encoder.features(texts, on_truncation="ignore").values)


def are_probabilities(scores: Array) -> bool:
    """Whether the rows are, rather than vectors."""
    return bool((scores >= 0).all()) and bool(np.allclose(scores.sum(axis=1), 1, atol=1e-3))


def batches(setting: Setting, subject: Subject) -> Figures:
    """Alone, padded, in batches of every size: the same vectors."""
    texts = texts_of("mixed", 64)
    worst = {}
    with encoder_of(subject, str(setting.device), setting.fastest) as encoder:
        alone = np.concatenate([encoder.encode([text], on_truncation="ignore") for text in texts])
        for size in BATCHES:
            found = encoder.encode(texts, batch_size=size, on_truncation="ignore")
            worst[str(size)] = float(cosine(alone, found).min())
    least = LEAST_COSINE[setting.fastest]
    return {
        "worst_cosine": worst,
        WRONG: [f"batches of {n}: {value:.6f}" for n, value in worst.items() if value < least],
    }


def graphs(subject: Subject, precision: str) -> Figures:
    """With CUDA graphs and without, at the very same shapes: equal bit for bit, replayed in turn with other texts."""
    wrong, compared = [], 0
    for tokens in GRAPH_TOKENS:
        options: dict[str, Any] = {"max_tokens": tokens}
        plain = encoder_of(subject, "cuda", precision, **options)
        graphed = encoder_of(subject, "cuda", precision, cuda_graphs=True, **options)
        for size in GRAPH_BATCHES:  # long texts, so that each is cut at `tokens`
            for texts in (texts_of("long", 2 * size)[:size], texts_of("long", 2 * size)[size:]) * 2:
                asked, found = (
                    each.encode(texts, on_truncation="ignore", batch_size=size) for each in (plain, graphed)
                )
                compared += 1
                if asked.tobytes() != found.tobytes():
                    wrong.append(f"{size} texts of {tokens} tokens: cosine {float(cosine(asked, found).min()):.7f}")
        plain.close()
        graphed.close()
    return {"compared": compared, WRONG: wrong[:8]}


def out_of_memory(setting: Setting, subject: Subject) -> Figures:
    """A batch beyond the memory that is allowed is an error of Claxon's, and the next call works."""
    texts = [f"{number} {text}" for number, text in enumerate(texts_of("medium", 32) * (setting.sizes.too_large // 32))]
    said = ""
    with cuda_options(gpu_mem_limit=str(LIMITED_BYTES)), encoder_of(subject, "cuda", setting.fastest) as encoder:
        before = encoder.encode(texts[:2])
        encoder.token_budget = 1 << 30
        try:
            encoder.encode(texts, on_truncation="ignore")
        except EngineError as error:
            said = str(error)[:300]
        after = encoder.encode(texts[:2])
    wrong = [] if said else [f"{len(texts)} texts in one batch were no error at {LIMITED_BYTES >> 20} MiB"]
    wrong += [] if before.tobytes() == after.tobytes() else ["after the failure the vectors are others"]
    return {"texts": len(texts), "said": said, WRONG: wrong}


def no_gpu(subject: Subject) -> Figures:
    """With CUDA_VISIBLE_DEVICES empty: ``cuda`` is an error with causes, ``auto`` runs on the CPU."""
    found = in_new_process(NO_GPU, str(subject.bundle), CUDA_VISIBLE_DEVICES="")
    wrong = [] if found["strict"].startswith("DeviceError") else ["device='cuda' did not raise"]
    wrong += [] if found["auto"] == "cpu" else [f"auto ran on {found['auto']}"]
    return {**found, WRONG: wrong}


def threads(setting: Setting, subject: Subject) -> Figures:
    """Many threads on one session give what one gives."""
    shares = [
        texts_of("mixed", 8 * setting.sizes.threads)[n :: setting.sizes.threads] for n in range(setting.sizes.threads)
    ]
    with encoder_of(subject, str(setting.device), setting.fastest) as encoder:
        serial = [encoder.encode(share, on_truncation="ignore") for share in shares]
        with ThreadPoolExecutor(setting.sizes.threads) as pool:
            found = list(pool.map(lambda share: encoder.encode(share, on_truncation="ignore"), shares))
    worst = min(float(cosine(a, b).min()) for a, b in zip(serial, found, strict=True))
    equal = sum(a.tobytes() == b.tobytes() for a, b in zip(serial, found, strict=True))
    wrong = [f"worst cosine {worst:.7f}"] * (worst < LEAST_COSINE["fp32"])
    return {"threads": len(shares), "bit_for_bit": equal, "worst_cosine": worst, WRONG: wrong}


def growth(setting: Setting, subject: Subject) -> Figures:
    """Calls of changing shapes: device memory stays where it is once the shapes were seen."""
    draws, texts = random.Random(0), texts_of("mixed", 256)
    calls, seen = setting.sizes.calls, {}
    with encoder_of(subject, str(setting.device), setting.fastest) as encoder:
        for number in range(calls):
            encoder.encode(draws.sample(texts, draws.choice((1, 2, 5, 16, 40))), on_truncation="ignore")
            if number % max(calls // 10, 1) == 0 or number == calls - 1:
                seen[str(number)] = memory_mib(setting)
    warm = [mib for number, mib in seen.items() if int(number) >= calls // WARM_SHARE]
    return {"calls": calls, "mib": seen, "growth_mib": grown(warm), WRONG: beyond(warm)}


def grown(warm: Sequence[int]) -> int:
    """MiB more at the end than at the beginning."""
    return warm[-1] - warm[0] if warm else 0


def beyond(warm: Sequence[int]) -> list[str]:
    """A sentence if that is too much."""
    growth_mib = grown(warm)
    return [f"memory grew by {growth_mib} MiB"] if growth_mib > MOST_GROWTH_MIB else []
