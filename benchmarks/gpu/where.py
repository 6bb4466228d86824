"""Part 4: where the time goes: ONNX Runtime's profile, kernels against the host's work, and what fell to the CPU."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from claxon import Encoder
from claxon.engine.providers import CUDA_PROVIDER, Device
from claxon.engine.session import default_options, engine_request
from claxon_bench.operators import covered, second_half
from gpu.record import WRONG, Case, Figures
from gpu.running import encoder_of, texts_of
from gpu.setting import Setting, Subject

# The sizes of shapes are computed on the CPU by ONNX Runtime's own choice: nothing has to be copied for them.
SHAPE_OPERATORS = frozenset({"Shape", "Gather", "Concat", "Unsqueeze", "Squeeze", "Slice", "Cast", "Add", "Sub", "Mul"})
MOST_SHAPE_MICROSECONDS = 50
SHOWN = 12

Event = dict[str, Any]


def cases(setting: Setting) -> Iterator[Case]:
    """Short and medium texts of both models."""
    for subject in setting.large:
        for length in ("short", "medium"):
            words = (subject, length)
            yield Case(f"{subject.name}, {length}", lambda words=words: profile(setting, *words))  # type: ignore[misc]


def profile(setting: Setting, subject: Subject, length: str) -> Figures:
    """One run over the texts after a first that does not count."""
    texts = texts_of(length, setting.sizes.texts // 4)
    with tempfile.TemporaryDirectory() as folder:
        options = default_options(engine_request(setting.device, None))
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "trace")
        device = str(setting.device)
        with encoder_of(subject, device, setting.fastest, max_tokens=128, session_options=options) as encoder:
            clock = _clock(encoder, texts)
        events = json.loads(next(Path(folder).glob("*.json")).read_text(encoding="utf-8"))
    return clock | summary(events, setting.device) | {"texts": len(texts)}


def _clock(encoder: Encoder, texts: Sequence[str]) -> Figures:
    encoder.encode(texts, on_truncation="ignore")
    start = time.perf_counter()
    encoder.encode(texts, on_truncation="ignore")
    middle = time.perf_counter()
    encoder.tokenize(texts)
    return {
        "wall_ms": 1000 * (middle - start),
        "tokenizing_ms": 1000 * (time.perf_counter() - middle),
    }


def summary(events: Sequence[Event], device: Device) -> Figures:
    """Milliseconds by operator and by kernel, and the operators that the CPU ran.

    ONNX Runtime's times of nodes are those of the host, which launches kernels; with CUPTI the trace has the kernels.
    """
    runs, nodes = second_half(events)
    begin = min((int(run["ts"]) for run in runs), default=0)
    kernels = [event for event in events if event.get("cat") == "Kernel" and int(event["ts"]) >= begin]
    hosted = [node for node in nodes if device is Device.CUDA and node["args"].get("provider") != CUDA_PROVIDER]
    fell = Counter(str(node["args"]["op_name"]) for node in hosted if not is_shape_work(node))
    copies = Counter(str(n["args"]["op_name"]) for n in nodes if str(n["args"]["op_name"]).startswith("Memcpy"))
    return {
        "batches": len(runs),
        "session_ms": covered((int(run["ts"]), int(run["ts"]) + int(run["dur"])) for run in runs) / 1000,
        "kernels_ms": sum(int(event["dur"]) for event in kernels) / 1000,
        "launching_ms": by_name((str(node["args"]["op_name"]), int(node["dur"])) for node in nodes),
        "kernels": by_name((str(event["name"])[:80], int(event["dur"])) for event in kernels),
        "shape_operators_on_cpu": len(hosted) - sum(fell.values()),
        WRONG: [f"{name} ran on the CPU, {count} times" for name, count in (fell + copies).items()],
    }


def is_shape_work(node: Event) -> bool:
    """Whether a node only computes the sizes of something."""
    return node["args"]["op_name"] in SHAPE_OPERATORS and int(node["dur"]) <= MOST_SHAPE_MICROSECONDS


def by_name(times: Iterator[tuple[str, int]] | Sequence[tuple[str, int]]) -> dict[str, float]:
    """Milliseconds by name, the longest first, the few longest."""
    added: Counter[str] = Counter()
    for name, microseconds in times:
        added[name] += microseconds
    return {name: total / 1000 for name, total in added.most_common(SHOWN)}
