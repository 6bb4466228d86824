from __future__ import annotations

import pytest

from claxon import ClaxonError
from claxon_bench.errors import BenchmarkError, EngineFailure


@pytest.mark.parametrize("kind", [BenchmarkError, EngineFailure])
def test_both_are_caught_as_claxon_errors_and_as_runtime_errors(kind: type[Exception]) -> None:
    assert issubclass(kind, ClaxonError)
    assert issubclass(kind, RuntimeError)
