from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from claxon.cli.cold_start import measure_cold_start
from claxon.errors import EngineError


@pytest.fixture(autouse=True)
def same_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))


def test_fresh_processes_are_timed(tiny_bundle: Path) -> None:
    found = measure_cold_start(tiny_bundle, has_heads=True, repeats=1)
    assert found.result == "label"
    assert found.first_result_s is not None
    assert found.import_s > 0
    assert found.first_result_s > 0


def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"fresh process failed: .*manifest\.json"):
        measure_cold_start(tmp_path, repeats=1)
