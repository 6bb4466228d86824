from __future__ import annotations

from claxon.bundle.manifest import Comparison, Parity
from claxon_export.errors import Failure, ParityReport


def test_report_reads_as_lines() -> None:
    parity = Parity("numpy reference", 2, "0" * 64, (Comparison("cls", 2e-3, 0.999, 0.99), Comparison("p", 0.5)))
    failures = tuple(Failure(row, "cls", "differs by 2.00e-03", "word " * 40) for row in range(7))
    lines = str(ParityReport(parity, failures)).splitlines()
    assert lines[0] == "2 texts against numpy reference"
    assert lines[1] == "  cls: max difference 2.0e-03, worst cosine 0.9900000, mean 0.9990000"
    assert lines[2] == "  p: max difference 5.0e-01"
    assert lines[3].startswith("  row 0, cls: differs by 2.00e-03: 'word word")
    assert len(lines[3]) < 110
    assert lines[-1] == "  and 2 more"
    assert str(ParityReport(parity, failures, "a note")).splitlines()[-1] == "  a note"
    assert "labels equal 50.00%" in str(
        ParityReport(Parity("s", 2, "0" * 64, (Comparison("p", 0.5, label_agreement=0.5),)), ())
    )
