"""Results -> Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from claxon_bench.results import EngineResult, Kind, Results, SweepPoint, WorkloadFacts
from claxon_bench.summaries import Spread, percentile, rates

MISSING = "-"
MB = 1e6


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and the cell of an engine under it."""

    heading: str
    cell: Callable[[EngineResult], str]


def markdown(results: Results) -> str:
    """The whole report."""
    parts = [
        f"# {results.subject.name}: Claxon {results.claxon} and its peers",
        _setting(results),
        *(_engine_parts(results) if results.engines else []),
        *_sweep_part(results.sweep),
        "## What ran",
        workload_table(results.workloads),
        version_lines(results.engines),
        *_problem_part(results.engines),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _engine_parts(results: Results) -> list[str]:
    engines = results.engines
    return [
        "## In short",
        engine_table(engines, summary_columns(results)),
        "## Throughput",
        "Texts a second, the median of all rounds; in brackets the distance between the quartiles as a share of it.",
        engine_table(engines, [_throughput_column(facts, "texts") for facts in results.workloads]),
        "Tokens a second, in thousands: special tokens count, padding does not.",
        engine_table(engines, [_throughput_column(facts, "tokens") for facts in results.workloads]),
        "## One short text, warm",
        engine_table(engines, LATENCY_COLUMNS),
        "## A new process, memory, size",
        "Seconds from starting the process to its first result; resident memory in MB, at its peak and after the run, "
        "each workload in a process of its own; the environment's size on the disk.",
        engine_table(engines, _resource_columns(results)),
        "## Accuracy",
        _accuracy_note(results),
        engine_table(engines, _accuracy_columns(results)),
    ]


def engine_table(engines: Sequence[EngineResult], columns: Sequence[Column]) -> str:
    """One row an engine; Claxon's are bold; those without any figure are left to the list of problems."""
    if not columns:
        return ""
    rows = [["", *(column.heading for column in columns)]]
    for engine in engines:
        cells = [column.cell(engine) for column in columns]
        name = f"**{engine.label}**" if is_claxon(engine) else engine.label
        rows.append([name, *(["*did not run, see below*", *cells[1:]] if _is_empty(engine) else cells)])
    return table(rows)


def table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first row is its head, all columns but the first are aligned to the right."""
    head, *body = rows
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))


def summary_columns(results: Results) -> list[Column]:
    """What the README shows: throughput by length, latency, start, memory, size, accuracy."""
    accuracy = (
        Column("mean / worst cosine", _cosines)
        if results.subject.kind is Kind.ENCODER
        else Column("labels equal", _labels_equal)
    )
    return [
        *(Column(f"{facts.name}, texts/s", _plain_rate(facts)) for facts in results.workloads),
        Column("one text, p50 ms", lambda engine: _latency(engine, 50)),
        Column("new process, s", _cold_start),
        Column("peak MB", _highest_peak),
        Column("installed MB", _installed),
        accuracy,
    ]


LATENCY_COLUMNS = [
    Column("p50, ms", lambda engine: _latency(engine, 50)),
    Column("p95, ms", lambda engine: _latency(engine, 95)),
    Column("p99, ms", lambda engine: _latency(engine, 99)),
    Column("samples", lambda engine: str(len(engine.latency_s)) if engine.latency_s else MISSING),
]


def rate_of(engine: EngineResult, facts: WorkloadFacts, unit: str = "texts") -> Spread | None:
    """Texts or tokens a second on a workload; ``None`` where it did not run."""
    run = engine.throughput.get(facts.name)
    if run is None or not run.seconds:
        return None
    return rates(facts.texts if unit == "texts" else facts.tokens, run.seconds)


def is_claxon(engine: EngineResult) -> bool:
    """Whether it is one of ours."""
    return engine.name.startswith("claxon:")


def number(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:,.0f}" if value >= 99.5 else f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"


def workload_table(workloads: Sequence[WorkloadFacts]) -> str:
    """What the texts were."""
    rows = [["workload", "texts", "tokens", "a text", "longest", "cut at", "source", "SHA-256"]]
    for facts in workloads:
        mean = f"{facts.tokens / facts.texts:.0f}"
        counts = [f"{facts.texts:,}", f"{facts.tokens:,}", mean, str(facts.longest), str(facts.max_tokens)]
        rows.append([facts.name, *counts, facts.source, f"`{facts.sha256[:12]}`"])
    return table(rows)


def version_lines(engines: Sequence[EngineResult]) -> str:
    """The versions behind each engine, one line each."""
    lines = []
    for engine in engines:
        if engine.versions:
            versions = ", ".join(f"{package} {found}" for package, found in engine.versions.items())
            runs = f", {engine.runs}" if is_claxon(engine) and engine.runs else ""
            lines.append(f"- {engine.label} (`{engine.name}`{runs}): {versions}")
    return "\n".join(lines)


def _setting(results: Results) -> str:
    machine, settings, subject = results.machine, results.settings, results.subject
    head = f", its head `{subject.head}`" if subject.head else ""
    lines = [
        f"- Bundle: {subject.architecture}, {subject.parameters / 1e6:.0f} M parameters{head}, digest "
        f"`{subject.digest}`.",
        f"- Machine: {machine.processor}, {machine.system}, {machine.processors} processors, "
        f"{', '.join(machine.features) or 'features unknown'}; memory {machine.memory}; Python {machine.python}.",
        f"- {settings.threads} threads for every engine, {settings.rounds} rounds in turn, batches of "
        f"{settings.batch_size} where a library asks for a size; {results.started}"
        + ("; a quick run: too few texts to rely on." if settings.quick else "."),
    ]
    return "\n".join(lines)


def _throughput_column(facts: WorkloadFacts, unit: str) -> Column:
    scale = 1.0 if unit == "texts" else 1000.0

    def cell(engine: EngineResult) -> str:
        rate = rate_of(engine, facts, unit)
        if rate is None:
            return MISSING
        return f"{number(rate.median / scale)} ({100 * rate.relative_iqr:.0f} %)"

    return Column(facts.name, cell)


def _plain_rate(facts: WorkloadFacts) -> Callable[[EngineResult], str]:
    def cell(engine: EngineResult) -> str:
        rate = rate_of(engine, facts)
        return MISSING if rate is None else number(rate.median)

    return cell


def _latency(engine: EngineResult, share: float) -> str:
    return number(1000 * percentile(engine.latency_s, share)) if engine.latency_s else MISSING


def _cold_start(engine: EngineResult) -> str:
    return number(median(start.wall_s for start in engine.cold_starts)) if engine.cold_starts else MISSING


def _highest_peak(engine: EngineResult) -> str:
    peaks = [run.peak_rss_bytes for run in engine.throughput.values()]
    return f"{max(peaks) / MB:,.0f}" if peaks else MISSING


def _installed(engine: EngineResult) -> str:
    return MISSING if engine.install_size_bytes is None else f"{engine.install_size_bytes / MB:,.0f}"


def _resource_columns(results: Results) -> list[Column]:
    return [
        Column("new process", _cold_start),
        Column("of it imports", lambda engine: _part(engine, "import_s")),
        Column("loading", lambda engine: _part(engine, "load_s")),
        *(Column(f"{facts.name}: peak / after", _memory_of(facts)) for facts in results.workloads),
        Column("installed", _installed),
        Column("idle", lambda engine: MISSING if engine.idle_share is None else f"{engine.idle_share:.0%}"),
    ]


def _part(engine: EngineResult, name: str) -> str:
    return number(median(getattr(start, name) for start in engine.cold_starts)) if engine.cold_starts else MISSING


def _memory_of(facts: WorkloadFacts) -> Callable[[EngineResult], str]:
    def cell(engine: EngineResult) -> str:
        run = engine.throughput.get(facts.name)
        if run is None:
            return MISSING
        steady = MISSING if run.rss_bytes is None else f"{run.rss_bytes / MB:,.0f}"
        return f"{run.peak_rss_bytes / MB:,.0f} / {steady}"

    return cell


def _accuracy_note(results: Results) -> str:
    found = next((engine.accuracy for engine in results.engines if engine.accuracy is not None), None)
    if found is None:
        return "Not measured: no engine gave results."
    label = {engine.name: engine.label for engine in results.engines}.get(found.reference, found.reference)
    labels = (
        "labels are the nearest of five names by cosine, which each engine embeds itself"
        if results.subject.kind is Kind.ENCODER
        else "labels are the head's own"
    )
    return f"Against {label}, on {found.texts:,} texts; {labels}."


def _accuracy_columns(results: Results) -> list[Column]:
    cosines = [Column("mean / worst cosine", _cosines)] if results.subject.kind is Kind.ENCODER else []
    return [*cosines, Column("largest difference", _difference), Column("labels equal", _labels_equal)]


def _cosines(engine: EngineResult) -> str:
    found = engine.accuracy
    if found is None or found.mean_cosine is None or found.min_cosine is None:
        return MISSING
    return f"{_cosine(found.mean_cosine)} / {_cosine(found.min_cosine)}"


def _cosine(value: float) -> str:
    """As many digits as tell it from one; 1 where float32 does not."""
    return "1" if value > 1 - 1e-6 else f"{value:.5f}" if value > 0.999 else f"{value:.3f}"


def _difference(engine: EngineResult) -> str:
    return MISSING if engine.accuracy is None else f"{engine.accuracy.max_abs_difference:.1e}"


def _labels_equal(engine: EngineResult) -> str:
    return MISSING if engine.accuracy is None else f"{engine.accuracy.label_agreement:.2%}"


def _is_empty(engine: EngineResult) -> bool:
    return engine.problem is not None and not engine.throughput and not engine.latency_s


def _sweep_part(sweep: Sequence[SweepPoint]) -> list[str]:
    return ["## Devices, precisions, batch sizes", "Texts a second, medians.", *sweep_tables(sweep)] if sweep else []


def sweep_tables(sweep: Sequence[SweepPoint]) -> list[str]:
    """A heading and a table for each workload."""
    parts = []
    for workload in dict.fromkeys(point.workload for point in sweep):
        parts += [f"### {workload}", sweep_table([point for point in sweep if point.workload == workload])]
    return parts


def sweep_table(points: Sequence[SweepPoint]) -> str:
    """One row a batch size, one column a device and precision; what did not run says why below."""
    engines = list(dict.fromkeys((point.device, point.precision) for point in points))
    found = {(point.device, point.precision, point.batch_size): point for point in points}
    rows = [["batch size", *(f"{device}, {precision}" for device, precision in engines)]]
    for size in sorted({point.batch_size for point in points}):
        cells = [found[device, precision, size] for device, precision in engines]
        rows.append([str(size), *(_sweep_cell(point) for point in cells)])
    problems = {f"- {p.device}, {p.precision}: {p.problem}": None for p in points if p.problem}
    return "\n\n".join([table(rows), *(["\n".join(problems)] if problems else [])])


def _sweep_cell(point: SweepPoint) -> str:
    return number(rates(point.texts, point.seconds).median) if point.seconds else MISSING


def _problem_part(engines: Sequence[EngineResult]) -> list[str]:
    problems = [f"- {engine.label} (`{engine.name}`): {engine.problem}" for engine in engines if engine.problem]
    return ["## What did not run, or broke off", "\n".join(problems)] if problems else []
