"""The shards of a job on a local Ray cluster, against those of processes of this machine, bit for bit."""

from __future__ import annotations

import csv
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from claxon.errors import MissingDependencyError, OptionError
from claxon.integrations.ray_executor import RayExecutor, ShardActor, check_reachable, tell_of_room
from claxon.jobs import JobError, JobInputError, JobWorkerError, Plan, run_job, verify_job
from reliability.engines import actor_processes

ROWS, SHARD_ROWS = 600, 6
WORDS = ["great", "awful", "book", "phone", "food", "service", "good", "bad", "broke", "works"]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "texts.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "text"])
        writer.writerows([row, " ".join(WORDS[row * 7 % n] for n in range(2, 3 + row % 8))] for row in range(ROWS))
    return path


@pytest.fixture(scope="module")
def on_this_machine(tiny_bundle: Path, texts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("local") / "out"
    run_job(tiny_bundle, texts, out, heads="sentiment", shard_rows=SHARD_ROWS, threads=1)
    return out


def parts(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((out / "parts").iterdir())}


def done(out: Path) -> int:
    return len(list((out / "done").glob("*.json")))


def wait_until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_an_actor_that_is_killed_is_replaced_and_nothing_is_lost(
    local_ray: Any, tiny_bundle: Path, texts: Path, on_this_machine: Path, tmp_path: Path
) -> None:
    out, killed = tmp_path / "out", []

    def kill_one() -> None:
        wait_until(lambda: done(out) >= 10)
        killed.append(actor_processes()[0])
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    result = run_job(
        tiny_bundle, texts, out, heads="sentiment", shard_rows=SHARD_ROWS, executor=RayExecutor(2, address=None)
    )
    killer.join()
    assert killed
    assert (result.labelled, result.rejected, result.skipped) == (ROWS, 0, 0)
    assert verify_job(out).problems == ()
    assert parts(out) == parts(on_this_machine)


DRIVER = """
import sys
from claxon.jobs import run_job
from claxon.integrations.ray_executor import RayExecutor
bundle, texts, out, address, rows = sys.argv[1:]
run_job(bundle, texts, out, heads="sentiment", shard_rows=int(rows), executor=RayExecutor(2, address=address))
"""


def test_a_driver_that_is_killed_is_run_again_and_goes_on(
    local_ray: Any, tiny_bundle: Path, texts: Path, on_this_machine: Path, tmp_path: Path
) -> None:
    out, address = tmp_path / "out", local_ray.get_runtime_context().gcs_address
    words = [sys.executable, "-c", DRIVER, tiny_bundle, texts, out, address, str(SHARD_ROWS)]
    driver = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    wait_until(lambda: done(out) >= 10)
    driver.kill()
    driver.wait()
    assert done(out) < ROWS // SHARD_ROWS
    result = run_job(tiny_bundle, texts, out, heads="sentiment", shard_rows=SHARD_ROWS, executor=RayExecutor(2))
    assert result.skipped >= 10
    assert result.labelled == ROWS
    assert verify_job(out).problems == ()
    assert parts(out) == parts(on_this_machine)


def test_no_actor_is_left_afterwards(local_ray: Any) -> None:
    wait_until(lambda: not actor_processes())


def test_a_shard_that_ends_its_actor_ends_the_job(
    local_ray: Any, tiny_bundle: Path, texts: Path, tmp_path: Path
) -> None:
    engine = RayExecutor(1, bundle=lambda: os._exit(3))
    with pytest.raises(JobWorkerError, match=r"shard 0 \(rows 0 to 299 of .*texts.csv\) ended its actor 3 times"):
        run_job(tiny_bundle, texts, tmp_path / "out", heads="sentiment", shard_rows=300, executor=engine)


def test_a_node_with_another_bundle_ends_the_job(
    local_ray: Any, tiny_bundle: Path, texts: Path, tmp_path: Path
) -> None:
    engine = RayExecutor(1, bundle=tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        run_job(tiny_bundle, texts, tmp_path / "out", heads="sentiment", shard_rows=300, executor=engine)


def test_an_input_that_changed_meanwhile_is_told_of_and_the_others_are_done(
    local_ray: Any, tiny_bundle: Path, texts: Path, tmp_path: Path
) -> None:
    changed, kept = tmp_path / "a.csv", tmp_path / "b.csv"
    kept.write_bytes(texts.read_bytes())
    changed.write_bytes(texts.read_bytes())

    class Changing(RayExecutor):
        def run(self, *args: Any) -> None:
            changed.write_text("id,text\n")
            super().run(*args)

    with pytest.raises(JobInputError, match=r"2 of 4 shards are not done: .*a\.csv"):
        run_job(tiny_bundle, [changed, kept], tmp_path / "out", heads="sentiment", shard_rows=300, executor=Changing(1))
    assert done(tmp_path / "out") == 2


def test_a_cluster_without_room_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [{"Alive": True, "Resources": {"CPU": 2.0}}, {"Alive": False, "Resources": {"CPU": 64.0}}]
    for threads in (2, 3):
        tell_of_room(SimpleNamespace(nodes=lambda: nodes), threads)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("claxon: no node of the Ray cluster has 3 processors, the largest has 2: ")


def test_no_cluster_at_the_address_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path, texts: Path, tmp_path: Path
) -> None:
    ray = pytest.importorskip("ray", reason="ray is not installed")

    def refuse(**_: object) -> None:
        raise ConnectionError("Could not find any running Ray instance.\nMore of it")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(JobError, match=r"at auto: Could not find any running Ray instance\.$"):
        run_job(tiny_bundle, texts, tmp_path / "out", heads="sentiment", executor=RayExecutor(1, address="auto"))


def test_an_address_where_nothing_listens_is_an_error_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        check_reachable(address)
        check_reachable(f"ray://{address}")
    for wrong in (address, f"ray://{address}"):
        with pytest.raises(ConnectionRefusedError):
            check_reachable(wrong)
    for name in ("auto", "", "local"):
        check_reachable(name)


def test_without_ray_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path, texts: Path, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'claxon\[ray\]'"):
        run_job(tiny_bundle, texts, tmp_path / "out", heads="sentiment", executor=RayExecutor())


@pytest.mark.parametrize(("workers", "threads"), [(0, None), (1, -1)])
def test_numbers_are_checked(workers: int, threads: int | None) -> None:
    with pytest.raises(OptionError, match="expected 1 or more"):
        RayExecutor(workers, threads)


def test_an_actor_is_an_ordinary_object(on_this_machine: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    plan = Plan.load(on_this_machine)
    for place in plan.folder(tmp_path).folders:
        place.mkdir()
    actor = ShardActor(plan, tmp_path, 1, lambda: tiny_bundle)
    markers = [actor.run(shard) for shard in plan.shards[:2]]
    actor.close()
    assert done(tmp_path) == len(markers)
    expected = parts(on_this_machine)
    assert all(expected[name] == content for name, content in parts(tmp_path).items())
