from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from claxon.errors import EngineError, JobError, JobInputError, TokenizationError
from claxon.jobs.executor import Failure, Ready, travelling, work
from claxon.jobs.parts import Marker, pending
from claxon.jobs.runner import WindowDone
from tests.jobs import planned, short_texts, write_parquet


def started(plan: Any, out: Path) -> tuple[Connection, Any]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, plan, out, 1), daemon=True)
    process.start()
    theirs.close()
    return ours, process


def test_a_worker_does_what_it_is_sent_and_ends_when_nothing_more_comes(tiny_bundle: Path, tmp_path: Path) -> None:
    path, out = write_parquet(tmp_path / "x.parquet", short_texts(30)), tmp_path / "out"
    plan = planned(tiny_bundle, [path], out, shard_rows=20)
    connection, process = started(plan, out)
    assert connection.recv() == Ready()
    connection.send(plan.shards[1])
    heard = [connection.recv(), connection.recv()]
    assert isinstance(heard[0], WindowDone)
    assert isinstance(heard[1], Marker)
    assert pending(plan, out) == [plan.shards[0]]
    content = path.read_bytes()
    path.write_bytes(b"something else")
    connection.send(plan.shards[0])
    failure = connection.recv()
    assert isinstance(failure, Failure)
    assert isinstance(failure.error, JobInputError)
    path.write_bytes(content)
    connection.send(plan.shards[0])
    assert isinstance([connection.recv(), connection.recv()][1], Marker)
    connection.close()
    process.join(20)
    assert process.exitcode == 0


def test_a_worker_that_cannot_load_says_why(tiny_bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    plan = planned(tiny_bundle, [write_parquet(tmp_path / "x.parquet", ["a"])], out)
    shutil.rmtree(out)
    connection, process = started(plan, out)
    with pytest.raises(EOFError):
        connection.recv()
    process.join(20)
    assert process.exitcode == 1


ORPHAN = """
import os, sys
from multiprocessing import get_context
from pathlib import Path
from claxon.jobs.plan import Plan
from claxon.jobs.executor import work
if __name__ == "__main__":
    out = Path(sys.argv[1])
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, Plan.load(out), out, 1))
    process.start()
    ours.recv()
    print(process.pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_worker_ends_when_its_parent_is_killed(tiny_bundle: Path, tmp_path: Path) -> None:
    planned(tiny_bundle, [write_parquet(tmp_path / "x.parquet", ["a"])], tmp_path / "out")
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    words = [sys.executable, str(script), str(tmp_path / "out")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    for _ in range(200):
        if not _is_alive(pid):
            return
        time.sleep(0.05)
    pytest.fail("the worker is still there")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "zombie" not in status.read_text()


class Awkward(Exception):  # noqa: N818 - what others call theirs
    def __init__(self, one: int, other: int) -> None:
        super().__init__("awkward")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (EngineError("why"), EngineError("why")),
        (JobInputError("why"), JobInputError("why")),
        (TokenizationError("why", "text"), TokenizationError("why", "text")),
        (OSError(28, "full", "x"), OSError(28, "full", "x")),
        (KeyError("x"), JobError("a worker failed with KeyError: 'x'")),
        (Awkward(1, 2), JobError("Awkward: awkward")),
    ],
)
def test_errors_travel_or_are_told_in_words(error: Exception, expected: Exception) -> None:
    found = travelling(error)
    assert (type(found), str(found)) == (type(expected), str(expected))
    assert Failure(found).error is found
