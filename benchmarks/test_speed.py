"""Parts of a run, timed alone by pytest-benchmark; ``make bench-micro`` runs it, ``pytest`` does not.

On the bundle that ``CLAXON_BENCH_BUNDLE`` names, else on a tiny one, where all but the arithmetic shows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from pytest_benchmark.fixture import BenchmarkFixture

from claxon import Encoder
from claxon.engine.session import Session, engine_request
from claxon.text.batching import batches
from claxon_bench.workloads import Length, Workload, latency_texts, workloads
from claxon_export import export
from claxon_export.graphs.writer import GraphWriter
from claxon_export.int8.graph_writer import Int8Writer
from claxon_export.int8.inputs import static
from claxon_export.int8.layer import QuantizedLayer
from claxon_export.int8.rounding import round_to_nearest
from tests.checkpoints import write_checkpoint

BUNDLE_VARIABLE = "CLAXON_BENCH_BUNDLE"
# The largest layer of a base model, and what of a batch one thread is given.
TOKENS, WIDTH, HIDDEN = 512, 768, 3072


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


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("threads", [1, 2])
def test_linear_layer(benchmark: BenchmarkFixture, precision: str, threads: int) -> None:
    """What this processor's units make of the two kinds of products: no graph of theirs can be faster."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((TOKENS, WIDTH)).astype(np.float32)
    weight, bias = rng.standard_normal((HIDDEN, WIDTH)).astype(np.float32), np.zeros(HIDDEN, np.float32)
    layer = QuantizedLayer(static(inputs, 0.0), round_to_nearest(weight.T.copy()), bias)
    writer = Int8Writer("layer", {"layer": layer}) if precision == "int8" else GraphWriter("layer")
    writer.output(writer.linear("x", weight, bias, "layer"), "y", ["tokens", HIDDEN])
    model = writer.model("weights", {name: (0, array.nbytes) for name, array in writer.weights.items()}, {})
    model.graph.input.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, ["tokens", WIDTH]))
    session = Session(model.SerializeToString(), writer.weights, engine_request("cpu", threads))
    (found,) = benchmark(session.run, ["y"], {"x": inputs})
    assert found.shape == (TOKENS, HIDDEN)
    benchmark.extra_info["operations"] = 2 * found.size * WIDTH
