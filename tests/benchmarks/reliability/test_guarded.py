from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from reliability.guarded import Ending, alone, judged
from reliability.part import Settings
from tests.benchmarks.reliability.planted import answer_or_not, crash_in_a_part


def test_a_hang_and_a_crash_are_answers_and_the_others_are_asked() -> None:
    cases = ["a", "hang", "b", "c", "crash", "d"]
    found = {answer.case: answer for answer in judged([answer_or_not] * 2, cases, limit_s=3)}
    assert {case: found[case].answer for case in "abcd"} == {case: case.upper() for case in "abcd"}
    assert (found["hang"].ending, found["hang"].words) == (Ending.HUNG, "no answer after 3 s")
    assert (found["crash"].ending, found["crash"].words) == (
        Ending.CRASHED,
        f"the process ended with {-signal.SIGSEGV}",
    )


INTERRUPTED = """
import os, signal, threading
from reliability.guarded import judged
from tests.benchmarks.reliability.planted import answer_or_not
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell puts into the background ignores it
    threading.Timer(4, os.kill, (os.getpid(), signal.SIGINT)).start()
    judged([answer_or_not] * 2, ["hang"] * 4, limit_s=500)
"""


def test_an_interruption_ends_it(tmp_path: Path) -> None:
    script = tmp_path / "interrupted.py"
    script.write_text(INTERRUPTED)
    path = {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120, env=os.environ | path
    )
    assert done.returncode != 0
    assert "KeyboardInterrupt" in done.stderr


def test_no_cases_give_no_answers() -> None:
    assert judged([answer_or_not], [], limit_s=1) == []


def test_a_part_that_takes_its_process_down_has_failed(settings: Settings) -> None:
    outcome = alone(crash_in_a_part, settings, limit_s=60)
    assert outcome.failures == ["crashed: the process ended with 3"]
