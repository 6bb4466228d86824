from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pyarrow
import pyarrow.parquet
import pytest

from claxon.errors import MissingDependencyError
from claxon.formats import arrow as module


@pytest.fixture
def forgotten() -> Iterator[None]:
    module.arrow.cache_clear()
    yield
    module.arrow.cache_clear()


def test_the_modules_are_those_of_pyarrow() -> None:
    assert module.arrow() is pyarrow
    assert module.parquet() is pyarrow.parquet


def test_without_pyarrow_the_extra_is_named(forgotten: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError, match=r"pyarrow cannot be imported .*; pip install 'claxon\[jobs\]'"):
        module.arrow()


def test_importing_jobs_loads_no_pyarrow() -> None:
    words = [sys.executable, "-c", "import sys, claxon.jobs; print('pyarrow' in sys.modules)"]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "False\n"
