from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from claxon.jobs import run_job
from reliability import engines
from reliability.part import Settings


def test_nothing_differs_when_actors_are_killed(
    local_ray: Any, local_spark: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "SHARD_ROWS", 10)
    found = engines.run(replace(settings, scale=0.05))
    assert found.failures == []
    assert found.counts["actors_killed"] == 1
    assert found.counts["rows_each"] == 1000
    assert found.counts["shards_each"] == 100


def test_parts_that_differ_are_noticed(
    local_ray: Any, local_spark: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*given: Any, **options: Any) -> Any:
        local = run_job(*given, **options)
        part = min((local.out / "parts").iterdir())
        if "engine" in options:
            part.write_bytes(part.read_bytes() + b"\0")
        return local

    monkeypatch.setattr(engines, "run_job", damaged)
    found = engines.run(replace(settings, scale=0.01))
    assert any("ray-0" in failure for failure in found.failures)


def test_the_engines_part_is_not_run_without_ray(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "is_installed", lambda package: package != "ray")
    assert engines.run(settings).not_run == "it needs ray"
