"""Tokens through a session: what is asked of it, and in which batches."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import EncoderSpec
from claxon.engine.providers import Device
from claxon.engine.runner import CUDA_TOKEN_BUDGET, LEAST_TOKENS, TOKEN_BUDGET, BatchRunner
from claxon.engine.session import Session
from claxon.errors import BundleError, EngineError
from claxon.text.tokens import Tokens


class Recorder:
    """Stands for a session: gives each text its number of tokens, in every column."""

    def __init__(self, width: int, device: Device = Device.CPU) -> None:
        self.device = device
        self.shapes: list[tuple[int, int]] = []
        self._width, self._lock = width, threading.Lock()

    def run(self, outputs: Sequence[str], feeds: Mapping[str, Any]) -> list[Any]:
        with self._lock:
            self.shapes.append(feeds["input_ids"].shape)
        counts = feeds["attention_mask"].sum(axis=1, keepdims=True).astype(np.float32)
        return [np.repeat(counts, self._width, axis=1) for _ in outputs]


@pytest.fixture(scope="module")
def spec(tiny_bundle: Path) -> EncoderSpec:
    return Bundle.open(tiny_bundle).manifest.encoder


def runner(spec: EncoderSpec, workers: int, width: int | None = None) -> tuple[BatchRunner, Recorder]:
    recorder = Recorder(spec.width if width is None else width)
    return BatchRunner(cast(Session, recorder), spec, workers), recorder


def ragged(lengths: list[int]) -> Tokens:
    counts = np.array(lengths, np.int64)
    return Tokens(np.ones(int(counts.sum()), np.int64), counts, counts)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_every_text_is_run_once_and_finds_its_row(spec: EncoderSpec, workers: int) -> None:
    lengths = [3, 40, 7, 7, 12, 40, 3]
    found = np.zeros(len(lengths))
    for done in runner(spec, workers)[0].run(ragged(lengths), ["mean"], 2):
        found[done.batch.rows] = done.values[0][:, 0]
    assert found.tolist() == lengths


@pytest.mark.parametrize(("device", "budget"), [(Device.CPU, TOKEN_BUDGET), (Device.CUDA, CUDA_TOKEN_BUDGET)])
def test_a_gpu_takes_larger_batches(spec: EncoderSpec, device: Device, budget: int) -> None:
    assert BatchRunner(cast(Session, Recorder(8, device)), spec, 1).token_budget == budget
    assert CUDA_TOKEN_BUDGET > 16 * TOKEN_BUDGET


def test_few_texts_are_shared_out_among_the_workers(spec: EncoderSpec) -> None:
    tokens = ragged([40] * 16)
    for workers, batches in ((1, 1), (2, 2), (4, 4)):
        chosen, recorder = runner(spec, workers)
        list(chosen.run(tokens, ["mean"]))
        assert len(recorder.shapes) >= batches
    assert {rows for rows, _ in recorder.shapes} == {4}


def test_a_handful_of_short_texts_stays_together(spec: EncoderSpec) -> None:
    chosen, recorder = runner(spec, 4)
    list(chosen.run(ragged([LEAST_TOKENS // 8] * 8), ["mean"]))
    assert len(recorder.shapes) == 1


def test_the_token_budget_bounds_every_batch(spec: EncoderSpec) -> None:
    chosen, recorder = runner(spec, 2)
    chosen.token_budget = 100
    list(chosen.run(ragged(list(range(1, 49)) * 4), ["mean"]))
    assert max(rows * columns for rows, columns in recorder.shapes) <= 100


def test_an_output_of_another_shape_is_refused(spec: EncoderSpec) -> None:
    chosen, _ = runner(spec, 1, width=spec.width + 1)
    with pytest.raises(BundleError, match=rf"returned mean with shape \(1, {spec.width + 1}\), expected"):
        list(chosen.run(ragged([4]), ["mean"]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused(value: float, spec: EncoderSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    batches, recorder = runner(spec, 1)
    real = recorder.run

    def run(outputs: Sequence[str], feeds: Mapping[str, Any]) -> list[Any]:
        values = real(outputs, feeds)
        values[0][-1, -1] = value
        return values

    monkeypatch.setattr(recorder, "run", run)
    with pytest.raises(EngineError, match="returned NaN or infinity in mean"):
        list(batches.run(ragged([3, 4]), ["mean"]))
