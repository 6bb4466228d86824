from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import claxon
from claxon.errors import IntegrityError, JobInputError, JobWriteError
from claxon.jobs.parts import pending
from claxon.jobs.runner import ShardRunner, WindowDone
from tests.jobs import planned, rejects_of, rows_of, short_texts, write_json_lines, write_parquet


def test_shards_in_any_order_give_the_rows_in_order(
    tiny_bundle: Path, tmp_path: Path, classifier: claxon.Classifier
) -> None:
    texts = short_texts(130)
    out = tmp_path / "out"
    plan = planned(tiny_bundle, [write_parquet(tmp_path / "x.parquet", texts)], out, shard_rows=50)
    windows: list[WindowDone] = []
    with ShardRunner(plan, out, threads=1) as runner:
        markers = [runner.run(shard, windows.append) for shard in reversed(plan.shards)]
    assert pending(plan, out) == []
    rows = rows_of(out)
    assert [row["id"] for row in rows] == list(range(130))
    expected = classifier.predictions(texts)
    assert [row["predicted_label"] for row in rows] == expected.labels.tolist()
    np.testing.assert_allclose([row["score"] for row in rows], expected.scores.max(axis=1), atol=1e-6)
    assert [(window.rows, window.n_tokens) for window in windows] == [(m.shard.rows, m.n_tokens) for m in markers]
    assert sum(marker.n_tokens for marker in markers) == expected.n_tokens.sum()


def test_bad_rows_are_counted_and_told_of_with_their_lines(tiny_bundle: Path, tmp_path: Path) -> None:
    rows = [{"text": "good"}, {"text": 2.5}, {"text": "bad"}, {"text": 1}]
    path, out = write_json_lines(tmp_path / "in.jsonl", rows), tmp_path / "out"
    plan = planned(tiny_bundle, [path], out, output_format="jsonl")
    with ShardRunner(plan, out, threads=1) as runner:
        marker = runner.run(plan.shards[0])
    assert (marker.rows, marker.rejected) == (2, 2)
    assert rejects_of(out) == [
        {"file": str(path), "row": 1, "line": 2, "reason": "'text' is float (2.5), expected a string"},
        {"file": str(path), "row": 3, "line": 4, "reason": "'text' is int (1), expected a string"},
    ]
    assert [row["text"] for row in rows_of(out)] == ["good", "bad"]


def test_rejects_of_an_earlier_attempt_do_not_stay(tiny_bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    plan = planned(tiny_bundle, [write_parquet(tmp_path / "x.parquet", ["a"])], out)
    plan.folder(out).rejected(0).write_text("{}\n")
    with ShardRunner(plan, out, threads=1) as runner:
        runner.run(plan.shards[0])
    assert rejects_of(out) == []


def test_an_input_that_was_changed_is_not_read(tiny_bundle: Path, tmp_path: Path) -> None:
    path, out = write_parquet(tmp_path / "x.parquet", ["a"]), tmp_path / "out"
    plan = planned(tiny_bundle, [path], out)
    write_parquet(path, ["b", "c"])
    with ShardRunner(plan, out, threads=1) as runner, pytest.raises(JobInputError, match="was changed since"):
        runner.run(plan.shards[0])
    assert pending(plan, out) == list(plan.shards)


def test_an_input_that_is_changed_meanwhile_makes_no_part(tiny_bundle: Path, tmp_path: Path) -> None:
    path, out = write_parquet(tmp_path / "x.parquet", ["a"]), tmp_path / "out"
    plan = planned(tiny_bundle, [path], out)
    with ShardRunner(plan, out, threads=1) as runner, pytest.raises(JobInputError, match="was changed since"):
        runner.run(plan.shards[0], lambda _: path.write_bytes(b"other"))
    assert list((out / "parts").iterdir()) == []


def test_damage_in_the_midst_of_a_file_leaves_the_shards_around_it(tiny_bundle: Path, tmp_path: Path) -> None:
    path, out = write_parquet(tmp_path / "x.parquet", short_texts(280)), tmp_path / "out"
    column = pq.ParquetFile(path).metadata.row_group(2).column(1)
    content = bytearray(path.read_bytes())
    start = column.dictionary_page_offset
    content[start : start + 8] = bytes(8)
    path.write_bytes(content)
    plan = planned(tiny_bundle, [path], out, shard_rows=70)
    with ShardRunner(plan, out, threads=1) as runner:
        for shard in plan.shards:
            if shard.number == 2:
                with pytest.raises(JobInputError, match=r"x.parquet cannot be read at row 140"):
                    runner.run(shard)
            else:
                runner.run(shard)
    assert pending(plan, out) == [plan.shards[2]]


def test_another_bundle_is_not_run(tiny_bundle: Path, copied_bundle: Path, tmp_path: Path) -> None:
    plan = planned(tiny_bundle, [write_parquet(tmp_path / "x.parquet", ["a"])], tmp_path / "out")
    with ShardRunner(plan, tmp_path / "out", threads=1, bundle=copied_bundle) as runner:
        assert runner.run(plan.shards[0]).rows == 1  # it is the same, in another place
    manifest = copied_bundle / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    with pytest.raises(IntegrityError):
        ShardRunner(plan, tmp_path / "out", threads=1, bundle=copied_bundle)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tiny_bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    plan = planned(tiny_bundle, [write_parquet(tmp_path / "x.parquet", ["a"])], out)
    (out / "parts").chmod(0o500)
    with ShardRunner(plan, out, threads=1) as runner, pytest.raises(JobWriteError, match="Permission denied"):
        runner.run(plan.shards[0])


def test_a_folder_that_is_gone(tiny_bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    plan = planned(tiny_bundle, [write_parquet(tmp_path / "x.parquet", ["a"])], out)
    (out / "parts").rmdir()
    with (
        ShardRunner(plan, out, threads=1) as runner,
        pytest.raises(JobWriteError, match=r"parts/part-000000.parquet could"),
    ):
        runner.run(plan.shards[0])
