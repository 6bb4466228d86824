from __future__ import annotations

from pathlib import Path

import pytest

from scaling.__main__ import main
from scaling.page import BEGIN, END
from tests.benchmarks.scaling.times_of_shards import times_of_shards


def test_tables_page_and_plot_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    times_of_shards(2.0, 2.4).write(tmp_path / "shard_times.json")
    page = tmp_path / "page.md"
    page.write_text(f"above\n{BEGIN}\n{END}\nbelow\n")
    assert main(["--results", str(tmp_path), "--page", str(page), "--texts", "1000000", "--price", "0.1"]) == 0
    tables = (tmp_path / "scaling.md").read_text()
    assert capsys.readouterr().out.strip() == tables.strip()
    assert tables in page.read_text()
    assert "at 0.1 per processor-hour" in tables
    assert (tmp_path / "plan.png").stat().st_size > 10_000
    assert (tmp_path / "plan.svg").exists()


def test_times_that_are_not_there_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--results", str(tmp_path), "--page", str(tmp_path / "page.md")]) == 1
    assert "shard_times.json" in capsys.readouterr().err
