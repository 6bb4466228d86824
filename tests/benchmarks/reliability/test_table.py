from __future__ import annotations

from dataclasses import replace

import pytest

from reliability.part import Outcome, Settings
from reliability.record import Record, record_of
from reliability.table import MOST_FAILURES, report, summary


@pytest.fixture
def record(settings: Settings) -> Record:
    outcome = Outcome("bitflips", 61.2, {"cases": 10_000, "MiB_more": 3.25})
    return replace(record_of(outcome, "Bits | flipped", settings), scale=1.0)


def test_a_row_tells_what_was_done_and_found(record: Record) -> None:
    page = report([record])
    assert r"| bitflips | Bits \| flipped | 10,000 cases, 3.25 MiB more | 3 | 61 | **0** |" in page
    assert "What was found" not in page
    assert f"- bitflips: bundle {record.bundle} (`{record.digest[:12]}`), {record.machine.processor}" in page


def test_a_smaller_size_is_told(record: Record) -> None:
    assert "| 2.00% of the full size: 10,000 cases" in report([replace(record, scale=0.02)])


def test_failures_are_shown_as_far_as_anybody_reads(record: Record) -> None:
    failures = tuple(f"one\n{number}" for number in range(MOST_FAILURES + 3))
    page = report([replace(record, failures=failures)])
    assert "| **13** |" in page
    assert "- bitflips: one 9\n- bitflips: and 3 more" in page


def test_a_part_that_was_not_run_has_not_passed(record: Record) -> None:
    found = replace(record, not_run="no atheris", counts={})
    assert "| not run: no atheris | 3 |  | not run |" in report([found])
    assert summary(found) == "bitflips: not run: no atheris"


def test_conditions_stand_once(record: Record) -> None:
    assert "- bitflips, threads: bundle" in report([record, replace(record, part="threads")])


def test_a_line_about_a_part(record: Record) -> None:
    assert summary(record) == "bitflips: 10,000 cases, 3.25 MiB more; 0 failures, 61 s"
