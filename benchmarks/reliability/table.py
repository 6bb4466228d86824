"""Records -> the table that is written down."""

from __future__ import annotations

from collections.abc import Sequence

from reliability.record import Record

REPORT_NAME = "campaign.md"
MOST_FAILURES = 10  # of a part are shown; its JSON has all
EXPLANATION = (
    "What was tried to make Claxon fail, and how often it did: silent wrong answers, errors without a type, hangs, "
    "crashes, growing memory. Again: `make campaign`, or one part, `python -m reliability PART`; the same seed makes "
    "the same cases. Each part has a file with its figures and the machine beside this one."
)


def report(records: Sequence[Record]) -> str:
    """The whole page, in Markdown."""
    rows = [_line(["part", "what", "figures", "seed", "seconds", "failures"]), "|---|---|---|---:|---:|---:|"]
    parts = ["# Campaigns", EXPLANATION, "\n".join([*rows, *map(_row, records)])]
    found = [line for record in records for line in _failures(record)]
    if found:
        parts += ["## What was found", "\n".join(found)]
    parts += ["## Run on", "\n".join(_conditions(records))]
    return "\n\n".join(parts) + "\n"


def summary(record: Record) -> str:
    """One line about a part."""
    if record.not_run is not None:
        return f"{record.part}: not run: {record.not_run}"
    return f"{record.part}: {_figures(record)}; {len(record.failures):,} failures, {record.seconds:,.0f} s"


def _row(record: Record) -> str:
    if record.not_run is not None:
        return _line([record.part, record.about, f"not run: {record.not_run}", str(record.seed), "", "not run"])
    size = "" if record.scale == 1 else f"{record.scale:.2%} of the full size: "
    cells = [record.part, record.about, size + _figures(record), str(record.seed)]
    return _line([*cells, f"{record.seconds:,.0f}", f"**{len(record.failures):,}**"])


def _figures(record: Record) -> str:
    return ", ".join(f"{_number(value)} {name.replace('_', ' ')}" for name, value in record.counts.items())


def _number(value: int | float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}"


def _failures(record: Record) -> list[str]:
    lines = [f"- {record.part}: {_plain(failure)}" for failure in record.failures[:MOST_FAILURES]]
    left = len(record.failures) - len(lines)
    return [*lines, *([f"- {record.part}: and {left:,} more"] if left > 0 else [])]


def _conditions(records: Sequence[Record]) -> list[str]:
    """Each combination of bundle, machine and versions once, with the parts that ran on it."""
    parts: dict[str, list[str]] = {}
    for record in records:
        machine, versions = record.machine, " ".join(f"{name} {found}" for name, found in record.versions.items())
        where = f"{machine.processor}, {machine.processors} processors, {machine.system}, Python {machine.python}"
        parts.setdefault(f"bundle {record.bundle} (`{record.digest[:12]}`), {where}, {versions}", []).append(
            record.part
        )
    return [f"- {', '.join(names)}: {conditions}" for conditions, names in parts.items()]


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"
