from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from claxon_bench.engines import serving


class Doubling:
    runs = "a pretence"

    def __call__(self, texts: Any, batch_size: int | None) -> Any:
        return np.array([[2 * len(text), batch_size or 0] for text in texts])


def test_results_are_saved_as_float32(tmp_path: Path) -> None:
    order = {"texts": ["a", "bb"], "batch_size": 7, "save": str(tmp_path / "values.npy")}
    assert serving.run(Doubling(), order)["seconds"] >= 0
    saved = np.load(tmp_path / "values.npy")
    assert saved.dtype == np.float32
    assert saved.tolist() == [[2, 7], [4, 7]]


def test_each_text_is_timed_alone() -> None:
    assert len(serving.run_each(Doubling(), {"texts": ["a", "b", "c"]})["seconds"]) == 3


def test_bulk_is_streamed_where_that_is_known(tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text('"a"\n"b\\nc"\n')
    assert serving.run_bulk(Doubling(), {"file": str(file)})["texts"] == 2
    seen: list[str] = []

    class Streaming(Doubling):
        def stream(self, texts: Iterable[str]) -> Iterable[str]:
            seen.extend(texts)
            return seen

    assert serving.run_bulk(Streaming(), {"file": str(file)})["texts"] == 2
    assert seen == ["a", "b\nc"]


def test_memory_is_in_bytes_and_its_peak_is_no_less() -> None:
    found = serving.memory()
    assert found["peak_rss_bytes"] is not None
    assert 10e6 < found["peak_rss_bytes"] < 1e12
    assert found["rss_bytes"] is None or found["rss_bytes"] <= found["peak_rss_bytes"]


@pytest.mark.parametrize(("system", "factor"), [("darwin", 1), ("freebsd14", 1024)])
def test_without_proc_the_unit_is_the_systems(system: str, factor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(RUSAGE_SELF=0, getrusage=lambda _: SimpleNamespace(ru_maxrss=5000))
    monkeypatch.setitem(sys.modules, "resource", usage)
    monkeypatch.setattr(sys, "platform", system)
    assert serving._peak_rss_bytes() == 5000 * factor


def test_versions_are_those_of_what_is_installed() -> None:
    assert serving.versions(["numpy", "no-such-package"]).keys() == {"python", "numpy"}
