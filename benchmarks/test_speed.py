"""Parts of a run, timed alone by pytest-benchmark; ``make bench-micro`` runs it, ``pytest`` does not.

On the bundle that ``CLAXON_BENCH_BUNDLE`` names, else on a tiny one, where all but the arithmetic shows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from claxon import Encoder
from claxon.batching import batches
from claxon_bench.workloads import Length, Workload, latency_texts, workloads
from claxon_export import export
from tests.checkpoints import write_checkpoint

BUNDLE_VARIABLE = "CLAXON_BENCH_BUNDLE"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if BUNDLE_VARIABLE in os.environ:
        return Path(os.environ[BUNDLE_VARIABLE])
    folder = tmp_path_factory.mktemp("micro")
    export(write_checkpoint(folder / "checkpoint", "mpnet"), folder / "bundle", verify=False)
    return folder / "bundle"


@pytest.fixture(scope="module")
def encoder(bundle: Path) -> Iterator[Encoder]:
    with Encoder.load(bundle) as loaded:
        yield loaded


@pytest.fixture(params=list(Length), scope="module")
def workload(request: pytest.FixtureRequest, encoder: Encoder) -> Workload:
    return workloads([request.param], limit=encoder.max_tokens, quick=True)[0]


def test_load(benchmark: BenchmarkFixture, bundle: Path) -> None:
    benchmark(lambda: Encoder.load(bundle).close())


def test_tokenize(benchmark: BenchmarkFixture, encoder: Encoder, workload: Workload) -> None:
    tokens = benchmark(encoder.tokenize, workload.texts)
    assert len(tokens.lengths) == len(workload.texts)


def test_plan_and_pad(benchmark: BenchmarkFixture, encoder: Encoder, workload: Workload) -> None:
    tokens = encoder.tokenize(workload.texts)
    pad_id, budget = encoder.spec.pad_id, encoder.token_budget
    planned = benchmark(lambda: list(batches(tokens, pad_id=pad_id, token_budget=budget)))
    assert sum(len(batch.rows) for batch in planned) == len(workload.texts)


def test_encode(benchmark: BenchmarkFixture, encoder: Encoder, workload: Workload) -> None:
    vectors = benchmark(encoder.encode, workload.texts, on_truncation="ignore")
    assert len(vectors) == len(workload.texts)


def test_encode_one_text(benchmark: BenchmarkFixture, encoder: Encoder) -> None:
    text = latency_texts(1)
    assert len(benchmark(encoder.encode, text)) == 1
