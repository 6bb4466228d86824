from __future__ import annotations

import sys
from pathlib import Path

import pytest

from claxon_bench.report import write_report
from tests.measurements import sample_results


def test_report_and_plots_are_written(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    lines = write_report(sample_results(), tmp_path / "new")
    assert (tmp_path / "new" / "results.md").read_text(encoding="utf-8").startswith("# tiny: Claxon 0.1.0")
    assert (tmp_path / "new" / "throughput.svg").is_file()
    assert "st:onnx: no environment x" in lines
    assert any(line.startswith("| **Claxon, int8**") for line in "\n".join(lines).splitlines())


def test_without_matplotlib_the_table_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    lines = write_report(sample_results(), tmp_path)
    assert lines[-1].startswith("no plots: ")
    assert "claxon[bench]" in lines[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["results.md"]
