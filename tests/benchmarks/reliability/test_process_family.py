from __future__ import annotations

import os
import subprocess
import sys
from multiprocessing import get_context

import pytest

from reliability.process_family import is_listed, members, resident_bytes, workers_of

pytestmark = pytest.mark.skipif(not is_listed(), reason="processes are read from /proc")


def test_workers_are_those_that_multiprocessing_started() -> None:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=theirs.recv)
    process.start()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert process.pid in workers_of(os.getpid())
        assert other.pid not in workers_of(os.getpid())
        assert other.pid in [member.pid for member in members() if member.parent == os.getpid()]
        other.kill()
    ours.send("end")
    process.join()
    assert process.pid not in workers_of(os.getpid())


def test_memory_of_this_process_and_of_none() -> None:
    found = resident_bytes(os.getpid())
    assert found is not None
    assert found > 10 << 20
    assert resident_bytes(2**22 + 1) is None
