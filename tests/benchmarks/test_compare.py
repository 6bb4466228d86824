from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import compare, engine


def test_bundle_and_source_are_run_in_turn_and_agree(
    tiny_bundle: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sentence_transformers")
    monkeypatch.setattr("sys.argv", ["compare", str(tiny_bundle), str(tiny_checkpoint), "--rounds", "1"])
    compare.main()
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [row[1].split()[0] for row in rows[1:]] == ["claxon", "sentence-transformers"]
    assert float(rows[1][6]) < 1e-5


def test_engine_that_cannot_load_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="claxon ended early"):
        compare.Engine("claxon", str(tmp_path), threads=1)


def test_peak_memory_is_in_bytes() -> None:
    assert 10e6 < engine.peak_rss_bytes() < 1e12
