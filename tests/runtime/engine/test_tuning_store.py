"""What is remembered of a machine, and what is not taken for it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claxon.bundle.manifest import Precision
from claxon.engine.providers import Device
from claxon.engine.selection import Pair
from claxon.engine.tuning_store import Machine, Rate, Tuning, forget, is_tuned, recall, remember, tuning_path

DIGEST = "d" * 64
HERE = Machine("Acme 9", ("avx2", "amx_int8"), 2, "1.31.1", "1.8.1")
RATES = (Rate(Pair(Precision.INT8, Device.CPU), 900.0, 1600.0), Rate(Pair(Precision.FP32, Device.CPU), 100.0, 400.0))
TUNING = Tuning(DIGEST, HERE, "2026-01-02T03:04:05+00:00", RATES)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLAXON_CACHE", str(tmp_path))
    return tmp_path


def test_without_a_tuning_nothing_is_recalled() -> None:
    assert recall(DIGEST, HERE) is None
    assert not is_tuned(DIGEST)
    assert not forget(DIGEST, HERE)


def test_a_saved_tuning_is_recalled(cache: Path) -> None:
    assert remember(TUNING)
    assert recall(DIGEST, HERE) == TUNING
    assert is_tuned(DIGEST)
    assert cache in tuning_path(DIGEST).parents
    assert TUNING.pairs == (Pair(Precision.INT8, Device.CPU), Pair(Precision.FP32, Device.CPU))
    assert RATES[0].tokens_s == pytest.approx(1200)


@pytest.mark.parametrize(
    "change",
    [
        {"processor": "Acme 10"},
        {"features": ("avx2",)},
        {"threads": 3},
        {"onnxruntime": "1.32.0"},
        {"openvino": None},
        {"openvino": "1.9"},
    ],
)
def test_a_tuning_does_not_apply_to_another_machine(change: dict[str, Any]) -> None:
    remember(TUNING)
    assert recall(DIGEST, replace(HERE, **change)) is None


def test_a_tuning_does_not_apply_to_another_bundle() -> None:
    remember(TUNING)
    assert recall("e" * 64, HERE) is None
    tuning_path(DIGEST).rename(tuning_path("e" * 64))
    assert recall("e" * 64, HERE) is None


def test_before_the_engine_is_loaded_any_version_is_meant() -> None:
    remember(TUNING)
    assert recall(DIGEST, replace(HERE, onnxruntime=None)) == TUNING
    assert recall(DIGEST, replace(HERE, onnxruntime=None, threads=3)) is None


def test_machines_stand_side_by_side() -> None:
    there = replace(TUNING, machine=replace(HERE, threads=8))
    assert remember(TUNING)
    assert remember(there)
    newer = replace(TUNING, tuned_at="2027-01-02T03:04:05+00:00")
    assert remember(newer)
    assert (recall(DIGEST, HERE), recall(DIGEST, there.machine)) == (newer, there)
    assert len(json.loads(tuning_path(DIGEST).read_bytes())["tunings"]) == 2
    assert forget(DIGEST, HERE)
    assert (recall(DIGEST, HERE), recall(DIGEST, there.machine)) == (None, there)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"\xff",
        b'{"schema": 1}',
        b'{"schema": 1, "tunings": 3}',
        b'{"schema": 1, "tunings": [7]}',
    ],
)
def test_a_broken_file_is_passed_over_and_replaced(content: bytes) -> None:
    path = tuning_path(DIGEST)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert recall(DIGEST, HERE) is None
    assert remember(TUNING)
    assert recall(DIGEST, HERE) == TUNING


def changed(change: dict[str, Any]) -> dict[str, Any]:
    remember(TUNING)
    content: dict[str, Any] = json.loads(tuning_path(DIGEST).read_bytes())
    return content | change


def test_another_schema_is_not_read() -> None:
    tuning_path(DIGEST).write_text(json.dumps(changed({"schema": 2})))
    assert recall(DIGEST, HERE) is None


@pytest.mark.parametrize("rate", [0, -900.0, "fast", None])
def test_a_rate_that_is_none_is_not_believed(rate: object) -> None:
    content = changed({})
    content["tunings"][0]["rates"][0]["short_tokens_s"] = rate
    tuning_path(DIGEST).write_text(json.dumps(content))
    assert recall(DIGEST, HERE) is None


def test_a_folder_that_cannot_be_written_is_no_error(cache: Path) -> None:
    (cache / "tunings").write_text("a file")
    assert not remember(TUNING)
    assert recall(DIGEST, HERE) is None
