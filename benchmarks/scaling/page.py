"""What was measured and what was simulated, as the part of docs/scaling.md that is written by a program."""

from __future__ import annotations

from collections.abc import Sequence

from claxon_bench.errors import BenchmarkError
from scaling.scenarios import MISHAPS, SHARD_ROWS, WORKERS_OF_PLAN, Found, work
from scaling.times import ShardTimes

BEGIN, END = "<!-- simulated: python -m scaling -->", "<!-- end of what is simulated -->"
MILLION = 1_000_000
HOUR = 3600.0


def section(times: ShardTimes, price: float, groups: Sequence[Sequence[Found]]) -> str:
    """Markdown: measured, then the tables by workers, by mishap and by shard size, then what breaks first.

    Args:
        times: What was measured.
        price: Of one processor for an hour.
        groups: What ``by_workers``, ``by_mishap`` and ``by_shard_size`` came to.
    """
    by_workers, by_mishap, by_shard_size = groups
    parts = [
        _measured(times, price),
        f"{by_workers[0].texts:,} texts in shards of {SHARD_ROWS:,}, by the number of workers; {_assumed()}:",
        _table(by_workers, times, price, "workers"),
        f"One kind of failure at a time, {WORKERS_OF_PLAN} workers:",
        _table(by_mishap, times, price, "what goes wrong"),
        f"By shard size, {WORKERS_OF_PLAN} workers, all failures together:",
        _table(by_shard_size, times, price, "rows per shard"),
        _limits(times, by_workers[0].texts),
    ]
    return "\n\n".join(parts) + "\n"


def with_section(page: str, found: str) -> str:
    """Replace what is between the page's two marks.

    Raises:
        BenchmarkError: the page does not have both marks exactly once, in order.
    """
    before, begin, rest = page.partition(f"{BEGIN}\n")
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise BenchmarkError(f"the page must have {BEGIN!r} once, and {END!r} once after it")
    return f"{before}{begin}\n{found}\n{end}{after}"


def cost_of_a_million(times: ShardTimes, price: float) -> float:
    """``10^6 / rate / 3600 · processors · price``, the rate in texts per second of one worker that never waits."""
    return MILLION / times.texts_per_second / HOUR * times.threads * price


def _measured(times: ShardTimes, price: float) -> str:
    shards, rate = times.shards, times.texts_per_second
    slowest = max(shard.seconds / shard.rows for shard in shards) * rate
    workers = "one worker" if times.workers == 1 else f"{times.workers} workers side by side"
    machine = f"{times.machine.processor}; {workers} of {_processors(times.threads)}"
    facts = {
        "bundle": f"{times.bundle}, {times.precision}",
        "machine": f"{machine}; {times.conditions}" if times.conditions else machine,
        "shards": f"{len(shards)} of {shards[0].rows:,} texts, {times.tokens_a_text:.0f} tokens per text",
        "texts per second, one worker": f"**{rate:,.0f}**",
        "slowest shard": f"{slowest:.2f} times the mean",
        "loading": f"{times.load_seconds:.1f} s per worker",
        "driver time per shard": f"{1000 * times.dispatch_seconds:.1f} ms",
        "resuming, per finished shard": f"{1000 * times.resume_seconds:.2f} ms",
        "written": f"{times.bytes_a_text:.0f} bytes per text",
        "processor-hours per million texts": f"{MILLION / rate * times.threads / HOUR:.3f}",
        f"cost per million texts at {price:g} per processor-hour": f"{cost_of_a_million(times, price):.4f}",
    }
    return "\n".join([_line(["measured", ""]), _line(["---", "---"]), *(_line(pair) for pair in facts.items())])


def _assumed() -> str:
    return (
        f"{MISHAPS.slow_share:.0%} of the workers at 1/{MISHAPS.slow_factor:g} of the speed, a worker fails every "
        f"{1 / MISHAPS.failures_per_hour:g} h, the driver fails every {1 / MISHAPS.driver_failures_per_hour:g} h "
        "(assumed; medians of five runs)"
    )


def _table(rows: Sequence[Found], times: ShardTimes, price: float, first: str) -> str:
    titles = [
        first, "hours", "longest run, h", "worker-hours", "at work", "worker / driver failures", "work lost",
        "tail, min", f"cost per million texts at {price:g}",
    ]  # fmt: skip
    lines = [_line(titles), _line(["---"] * len(titles))]
    for row in rows:
        cost = row.worker_hours * times.threads * price / (row.texts / MILLION)
        cells = [
            row.scenario.name, _hours(row.hours), _hours(row.longest_hours), f"{row.worker_hours:,.0f}",
            f"{row.efficiency:.1%}", f"{row.failures:,.0f} / {row.driver_failures:,.0f}", f"{row.lost_share:.2%}",
            f"{row.tail_minutes:.1f}", f"{cost:.3f}",
        ]  # fmt: skip
        lines.append(_line(cells))
    return "\n".join(lines)


def _limits(times: ShardTimes, texts: int) -> str:
    """The load on what all workers share."""
    shards = work(times, texts).shards
    rate = WORKERS_OF_PLAN * times.texts_per_second
    shard_seconds = SHARD_ROWS / times.texts_per_second
    with_embedding = times.bytes_a_text + 4 * times.width
    facts = {
        "texts per second": f"{rate:,.0f}",
        "labels written": _written(rate, times.bytes_a_text, texts),
        f"with float32 embeddings of {times.width}": _written(rate, with_embedding, texts),
        "part and marker files": f"{2 * shards:,}",
        "the plan, job.json": f"{shards * times.bytes_a_shard / 1e6:,.1f} MB, read by every worker",
        "workers that one driver can keep busy": f"{shard_seconds / times.dispatch_seconds:,.0f}",
    }
    titles = [f"{WORKERS_OF_PLAN} workers, {texts:,} texts", ""]
    return "\n".join([_line(titles), _line(["---", "---"]), *(_line(pair) for pair in facts.items())])


def _written(texts_per_second: float, bytes_a_text: float, texts: int) -> str:
    return f"{texts_per_second * bytes_a_text / 1e6:,.1f} MB/s, {texts * bytes_a_text / 1e9:,.0f} GB in all"


def _processors(count: int) -> str:
    return "one processor" if count == 1 else f"{count} processors"


def _hours(hours: float) -> str:
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.2f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
