from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scaling.measure import main
from scaling.times import ShardTimes


def test_shards_are_timed_and_what_surrounds_them(
    local_ray: Any,
    tiny_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("scaling.measure.LOADS", 1)
    monkeypatch.setattr("scaling.measure.HANDED_OUT", 50)
    out = tmp_path / "new" / "times.json"
    words = [str(tiny_bundle), "--shards", "3", "--shard-rows", "20", "--threads", "1", "--out", str(out)]
    assert main(words) == 0
    times = ShardTimes.read(out)
    assert [shard.rows for shard in times.shards] == [20, 20, 20]
    assert all(shard.n_tokens > 20 and shard.seconds > 0 for shard in times.shards)
    assert (times.precision, times.workers, times.threads, times.width) == ("fp32", 1, 1, 32)
    assert min(times.load_seconds, times.dispatch_seconds, times.resume_seconds) > 0
    assert times.dispatch_seconds < times.load_seconds
    assert min(times.bytes_a_text, times.bytes_a_shard) > 1
    assert "3 shards of 20: " in capsys.readouterr().out


def test_a_job_that_fails_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere"), "--out", str(tmp_path / "times.json")]) == 1
    assert "nowhere" in capsys.readouterr().err
