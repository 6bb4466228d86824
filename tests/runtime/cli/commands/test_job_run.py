from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from claxon.cli.commands.job_run import summary
from claxon.cli.main import main
from claxon.integrations.ray_executor import RayExecutor
from claxon.jobs.executor import LocalExecutor
from claxon.jobs.job import JobResult
from claxon.jobs.plan import Plan, Shard
from claxon.jobs.progress import JobProgress
from tests.jobs import rejects_of, rows_of, short_texts, write_csv, write_json_lines


def test_a_job_from_the_command_line(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write_json_lines(tmp_path / "in.jsonl", [{"id": 1, "review": "good"}, {"id": 2}]), tmp_path / "out"
    words = ["job", "run", str(tiny_bundle), str(path), "--out", str(out), "--text", "review", "--head", "sentiment"]
    words += ["--head", "topic", "--embed", "float16", "--key", "id", "--max-rejects", "1", "--threads", "1"]
    assert main(words) == 0
    assert capsys.readouterr().err.splitlines() == [
        f"claxon: 1 of 2 rows labeled, in {out / 'parts'}",
        f"claxon: 1 rows could not be labeled; see {out / 'rejects'}",
    ]
    names = ["predicted_label_sentiment", "score_sentiment", "predicted_label_topic", "score_topic", "truncated"]
    assert pq.read_table(out / "parts" / "part-000000.parquet").column_names == ["id", *names, "embedding"]
    assert [reject["row"] for reject in rejects_of(out)] == [1]
    assert main(words) == 0
    assert capsys.readouterr().err.splitlines()[0] == "claxon: 1 of 1 shards are done already"
    assert main([*words, "--margin", "0.5"]) == 1
    assert "out holds another job: margin was none, is now 0.5." in capsys.readouterr().err


def test_json_lines_out_and_columns_kept(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write_csv(tmp_path / "in.csv", short_texts(3)), tmp_path / "out"
    words = ["job", "run", str(tiny_bundle), str(path), "--out", str(out), "--head", "topic", "--quiet"]
    assert main([*words, "--output-format", "jsonl", "--keep", "text", "--keep", "id", "--prefix", "my_"]) == 0
    assert list(rows_of(out)[0]) == ["text", "id", "my_predicted_label", "my_score", "my_truncated"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--max-rejects", "-1"], "--max-rejects: expected one argument|'-1' is not a non-negative integer"),
        (["--keep", "a", "--key", "b"], "--key: not allowed with argument --keep"),
        (["--embed", "int8"], "invalid choice: 'int8'"),
        (["--engine", "spark"], "invalid choice: 'spark'"),
        (["--address", "auto"], "--address needs a Ray cluster: add --executor ray"),
        (["--head", "nothing"], "has no head 'nothing'; its heads are: sentiment, topic"),
        ([], "has several heads: add --head sentiment and --head topic, or some of them"),
    ],
)
def test_invalid_arguments_are_usage_errors(
    tiny_bundle: Path, tmp_path: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_csv(tmp_path / "in.csv", ["a"])
    assert main(["job", "run", str(tiny_bundle), str(path), "--out", str(tmp_path / "out"), *words]) == 2
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(capsys.readouterr().err)


def test_the_summary_tells_what_is_worth_telling() -> None:
    result = JobResult(Path("out"), 10, 9, 1, 2, 100, 3, 0, 1.0)
    assert summary(result) == [
        f"claxon: 9 of 10 rows labeled, in {Path('out/parts')}",
        f"claxon: 1 rows could not be labeled; see {Path('out/rejects')}",
        "claxon: 2 texts were truncated",
    ]


def test_ray_does_the_shards_where_it_is_asked_for(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[RayExecutor] = []

    def run(engine: RayExecutor, plan: Plan, out: Path, shards: Sequence[Shard], tally: JobProgress) -> None:
        seen.append(engine)
        LocalExecutor(1, 1).run(plan, out, shards, tally)

    monkeypatch.setattr(RayExecutor, "run", run)
    path, out = write_csv(tmp_path / "in.csv", short_texts(3)), tmp_path / "out"
    words = ["job", "run", str(tiny_bundle), str(path), "--out", str(out), "--head", "topic", "--quiet"]
    assert main([*words, "--engine", "ray", "--address", "auto", "--workers", "8", "--threads", "2"]) == 0
    (engine,) = seen
    assert (engine.workers, engine.threads, engine.address) == (8, 2, "auto")
    assert len(rows_of(out)) == 3
