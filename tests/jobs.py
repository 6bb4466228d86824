"""Inputs of jobs, and what is read back of their outputs."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from claxon.bundle.bundle import Bundle
from claxon.jobs import run_job
from claxon.jobs.plan import Plan
from claxon.jobs.planning import JobRequest, PlanRequest, plan_job
from claxon.storage.job_folder import PLAN_NAME, write_durably

WORDS = ("good", "great", "bad", "awful", "love", "hate", "book", "film", "phone", "food", "room")


def short_texts(count: int, seed: int = 0) -> list[str]:
    """Different ones, of a few words each."""
    rng = random.Random(seed)
    return [f"{' '.join(rng.choices(WORDS, k=rng.randint(1, 5)))} {number}" for number in range(count)]


def write_parquet(path: Path, texts: list[Any], **columns: Any) -> Path:
    pq.write_table(pa.table({"id": list(range(len(texts))), "text": texts, **columns}), path, row_group_size=70)
    return path


def write_csv(path: Path, texts: list[str]) -> Path:
    path.write_text("id,text\n" + "".join(f"{number},{text}\n" for number, text in enumerate(texts)), encoding="utf-8")
    return path


def write_json_lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def planned(bundle: Path, inputs: list[Path], out: Path, **request: Any) -> Plan:
    """A plan, written into its folder."""
    out.mkdir(exist_ok=True)
    whole: JobRequest = {"heads": "sentiment", **request}  # type: ignore[typeddict-item]  # tests give whatever they test
    return plan_job(PlanRequest.from_request(Bundle.open(bundle), inputs, out, whole), out)


def rows_of(out: Path) -> list[dict[str, Any]]:
    """The rows of all parts, in order."""
    rows: list[dict[str, Any]] = []
    for path in sorted((out / "parts").iterdir()):
        if path.suffix == ".parquet":
            rows += pq.read_table(path).to_pylist()
        else:
            rows += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return rows


def rejects_of(out: Path) -> list[dict[str, Any]]:
    """The bad rows of all shards, in order."""
    paths = sorted((out / "rejects").iterdir())
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


def change_plan(out: Path, plan: Plan) -> None:
    """Put another plan in the folder."""
    write_durably(out / PLAN_NAME, plan.to_json())


def run_and_tell(bundle: Path, path: Path, out: Path, told: Any) -> None:
    """Run a job and put into a queue how many rows it labeled; for a process of its own."""
    told.put(run_job(bundle, path, out, heads="sentiment", threads=1).labelled)
