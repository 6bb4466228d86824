from __future__ import annotations

from pathlib import Path

import pytest

from claxon_bench.errors import BenchmarkError
from claxon_bench.results import Kind, read_results, write_results
from tests.measurements import sample_results


@pytest.mark.parametrize("kind", list(Kind))
def test_results_come_back_as_they_were(kind: Kind, tmp_path: Path) -> None:
    path = write_results(sample_results(kind), tmp_path / "new")
    assert read_results(path) == sample_results(kind)
    assert [file.name for file in path.parent.iterdir()] == ["results.json"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [("{}", "schema 1"), ('{"schema": 2}', "schema 1"), ("no", "not valid JSON"), ('{"schema": 1}', "missing key")],
)
def test_other_files_are_refused(content: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(BenchmarkError, match=reason):
        read_results(path)
