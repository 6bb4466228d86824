"""``claxon doctor``: checks this machine and a bundle."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from claxon.bundle.bundle import Bundle
from claxon.cli.cold_start import measure_cold_start
from claxon.cli.rendering import facts, section
from claxon.diagnostics.doctor import Diagnosis, Finding, diagnose
from claxon.errors import ClaxonError


class Doctor:
    """Checks this machine, and optionally a bundle."""

    name = "doctor"
    help = (
        "Check this machine: versions, devices that actually start, threads, processor features. With BUNDLE, also "
        "check that its files are intact and that it runs. The exit code is 1 if something is wrong."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon doctor [BUNDLE] [options]"
        parser.add_argument("bundle", metavar="BUNDLE", nargs="?", type=Path, help="a bundle to check as well")
        parser.add_argument(
            "--timing", action="store_true", help="time fresh processes: importing claxon, and BUNDLE's first label"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def run(self, options: argparse.Namespace) -> int:
        """Print the diagnosis."""
        diagnosis = diagnose(options.bundle)
        if options.timing:
            timing = _timing_findings(options.bundle)
            diagnosis = replace(diagnosis, sections={**diagnosis.sections, "timing": timing})
        if options.json:
            print(json.dumps(diagnosis.to_json(), indent=2, ensure_ascii=False))
        else:
            print("\n".join(report(diagnosis)))
        return 1 if diagnosis.problems else 0


DOCTOR = Doctor()


def report(diagnosis: Diagnosis) -> list[str]:
    """Format the diagnosis as lines."""
    lines = []
    for title, findings in diagnosis.sections.items():
        lines += section(title, facts({finding.name: _value(finding) for finding in findings}))
    if not diagnosis.problems:
        return [*lines, "no problems found"]
    numbered = {str(number): problem for number, problem in enumerate(diagnosis.problems, 1)}
    return [*lines, *section("wrong", facts(numbered))][:-1]


def _value(finding: Finding) -> str:
    return finding.value if finding.problem is None else f"{finding.value}  <- see below"


def _timing_findings(bundle: Path | None) -> tuple[Finding, ...]:
    try:
        has_heads = bundle is not None and bool(Bundle.open(bundle).manifest.heads)
        timing = measure_cold_start(bundle, has_heads=has_heads)
    except ClaxonError as error:
        return (Finding("fresh process", "failed", str(error)),)
    findings = (Finding("import claxon", f"{timing.import_s:.2f} s"),)
    if timing.first_result_s is None:
        return findings
    first = Finding(f"first {timing.result}", f"{timing.first_result_s:.2f} s, from the start of the process")
    return (*findings, first)
