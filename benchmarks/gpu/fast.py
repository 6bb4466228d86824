"""Part 3: how fast: Claxon on the device, its peers there, and Claxon on the CPU of the same machine, in one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from statistics import median
from typing import Any

from claxon.engine.providers import Device
from claxon_bench.workloads import SHAPES, Length, latency_texts
from gpu.peers import PRECISIONS, Call, load_peer, peer_name
from gpu.record import Case, Figures
from gpu.running import answering, encoder_of, in_new_process, latencies, memory_mib, rates, texts_of
from gpu.setting import Setting, Subject

# The CPU is slow enough to be measured on fewer texts.
CPU_SHARE = 8
PEER_BATCHES = (32, 128)

# Seconds from the start of a process to its first vector, and its peak memory in MiB. Not `ru_maxrss`, which a process
# inherits from the one that started it.
COLD_CLAXON = """
import json, sys, time
start = time.perf_counter()
import claxon
encoder = claxon.Encoder.load(sys.argv[1], device=sys.argv[2], precision=sys.argv[3])
encoder.features(["Great book!"], on_truncation="ignore")
peak = int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) // 1024
print(json.dumps({"seconds": time.perf_counter() - start, "peak_mib": peak}))
"""
COLD_PEER = """
import json, pathlib, sys, time
start = time.perf_counter()
from gpu.peers import load_peer
from gpu.setting import Setting, Subject
from claxon.engine.providers import Device
folder = pathlib.Path(sys.argv[1])
subject = Subject(folder.name, folder, folder)
load_peer(subject, Setting(Device(sys.argv[2]), folder.parent), sys.argv[3])(["Great book!"], 1, 128)
peak = int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) // 1024
print(json.dumps({"seconds": time.perf_counter() - start, "peak_mib": peak}))
"""


def cases(setting: Setting) -> Iterator[Case]:
    """What the table needs first; the slowest and least certain last."""
    best = setting.fastest
    ours = [(str(setting.device), precision) for precision in reversed(setting.precisions)]
    for subject in setting.large:
        yield from _claxon(setting, subject, *ours[0])
        yield _peer(setting, subject, best if best in PRECISIONS else "fp32")
    for subject in setting.large:
        yield _sizes(setting, subject)
        yield from _claxon(setting, subject, "cpu", "fp32")
    for subject in setting.large:
        yield from _cold(setting, subject)
    for subject in setting.large:
        for device, precision in ours[1:]:
            yield from _claxon(setting, subject, device, precision)
    for subject in setting.large:
        others = PRECISIONS if setting.device is Device.CUDA else ("bf16",)
        yield from (_peer(setting, subject, precision) for precision in others if precision != best)


def _claxon(setting: Setting, subject: Subject, device: str, precision: str) -> Iterator[Case]:
    name = f"{subject.name}: Claxon, {precision} on {device}"
    yield Case(name, lambda: claxon(setting, subject, device, precision))


def _peer(setting: Setting, subject: Subject, precision: str) -> Case:
    name = f"{subject.name}: {peer_name(subject)}, {precision} on {setting.device}"
    return Case(name, lambda: peer(setting, subject, precision))


def _cold(setting: Setting, subject: Subject) -> Iterator[Case]:
    precision = setting.fastest
    device = str(setting.device)
    ours, theirs = (COLD_CLAXON, str(subject.bundle)), (COLD_PEER, str(subject.checkpoint))
    yield Case(f"{subject.name}: new process, Claxon", lambda: cold(setting, *ours, device, precision))
    yield Case(f"{subject.name}: new process, {peer_name(subject)}", lambda: cold(setting, *theirs, device, precision))


def _sizes(setting: Setting, subject: Subject) -> Case:
    return Case(f"{subject.name}: batch sizes", lambda: batch_sizes(setting, subject))


def count_of(setting: Setting, length: str, device: str) -> int:
    """Texts of a workload: fewer of long ones, and fewer on the CPU."""
    count = setting.sizes.texts // (1 if length == Length.SHORT else 2)
    return max(count // (CPU_SHARE if device == Device.CPU else 1), 4)


def claxon(setting: Setting, subject: Subject, device: str, precision: str) -> Figures:
    """Throughput by length, latency, memory of the device."""
    idle = memory_mib(setting)
    found: Figures = {"throughput": {}}
    with encoder_of(subject, device, precision) as encoder:
        for length in Length:
            texts = texts_of(length, count_of(setting, length, device))
            with encoder_of(subject, device, precision, max_tokens=cut(encoder.max_tokens, length)) as cutting:
                answer = answering(cutting)
                call = partial(answer, texts)
                found["throughput"][length] = rates(call, len(texts), setting.sizes.rounds)
        answer = answering(encoder)
        one = latencies(lambda text: answer([text]), latency_texts(), setting.sizes.latencies)
        return found | {"latency": one, "device_mib": memory_mib(setting) - idle}


def cut(limit: int, length: str) -> int:
    """Where a workload's texts are cut, by every engine."""
    return min(limit, SHAPES[Length(length)].max_tokens)


def peer(setting: Setting, subject: Subject, precision: str) -> Figures:
    """The same of a peer, at the better of two batch sizes."""
    idle = memory_mib(setting)
    call = load_peer(subject, setting, precision)
    throughput = {length: _best_of(call, length, setting) for length in Length}
    short = SHAPES[Length.SHORT].max_tokens
    one = latencies(lambda text: call([text], 1, short), latency_texts(), setting.sizes.latencies)
    return {"throughput": throughput, "latency": one, "device_mib": memory_mib(setting) - idle}


def _best_of(call: Call, length: Length, setting: Setting) -> dict[str, Any]:
    texts = texts_of(length, count_of(setting, length, str(setting.device)))
    tried = []
    for size in PEER_BATCHES:
        run = partial(call, texts, size, SHAPES[length].max_tokens)
        tried.append(rates(run, len(texts), setting.sizes.rounds) | {"batch_size": size})
    return max(tried, key=lambda found: float(found["texts_per_second"]))


def batch_sizes(setting: Setting, subject: Subject) -> Figures:
    """Texts a second by texts a batch, on the device and on the CPU; and the batch at which the device overtakes."""
    devices = {str(setting.device): setting.fastest, "cpu": "fp32"}
    found: dict[str, dict[str, float]] = {}
    for device, precision in devices.items():
        with encoder_of(subject, device, precision, max_tokens=SHAPES[Length.MEDIUM].max_tokens) as encoder:
            found[device] = {str(size): _rate(encoder, size, setting, device) for size in setting.sizes.batches}
    return {"texts_per_second": found, "overtakes_at": overtakes(found, str(setting.device))}


def _rate(encoder: Any, size: int, setting: Setting, device: str) -> float:
    most = 2 if device == Device.CPU else 8
    texts = texts_of("medium", size * (most if size < setting.sizes.batches[-1] else 1))
    call = partial(encoder.encode, texts, batch_size=size, on_truncation="ignore")
    return float(rates(call, len(texts), setting.sizes.rounds)["texts_per_second"])


def overtakes(found: dict[str, dict[str, float]], device: str) -> int | None:
    """The smallest batch at which the device is faster than the CPU; ``None``: at none."""
    faster = (size for size, rate in found[device].items() if rate > found["cpu"][size])
    return next(map(int, faster), None)


def cold(setting: Setting, code: str, *words: str) -> Figures:
    """New processes: the median of the seconds to its first result, and its memory."""
    runs: Sequence[dict[str, Any]] = [in_new_process(code, *words) for _ in range(setting.sizes.cold_starts)]
    return {
        "seconds": round(median(run["seconds"] for run in runs), 3),
        "peak_mib": max(run["peak_mib"] for run in runs),
    }
