"""Products of U8 and S8 on this processor, against the same in int64: none of them saturates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Precision
from claxon.bundle.safetensors import read_tensors
from claxon.engine import encoder_session
from claxon.engine.encoder_session import read_engine_files, start_session
from claxon.engine.providers import EngineRequest
from claxon.engine.session import Session, engine_request
from claxon_export.checkpoint.checkpoint import open_checkpoint
from claxon_export.graphs.writer import MICROSOFT, Array
from claxon_export.int8 import write_int8
from claxon_export.int8.rounding import LIMIT, PAIR_LIMIT, pair_sums, round_by_calibration
from tests.checkpoints import write_checkpoint

pytestmark = pytest.mark.processor

# One row is a product of its own in ONNX Runtime; widths that no vector divides have ends of their own.
SHAPES = [(1, 768, 96), (1, 33, 17), (2, 770, 31), (5, 1536, 64), (64, 384, 33), (130, 3072, 48)]
ZERO_POINT = 100


def product(inputs: Array, weights: Array, *, unsigned_weights: bool = False) -> Array:
    """What ONNX Runtime makes of them with scales of 1: whole numbers below 2^24 are exact in its float32."""
    graph = helper.make_graph(
        [helper.make_node("MatMulIntegerToFloat", ["x", "w", "one", "one", "zero"], ["y"], domain=MICROSOFT)],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, ["rows", len(weights)])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", weights.shape[1]])],
        [
            onnx.numpy_helper.from_array(weights, "w"),
            onnx.numpy_helper.from_array(np.array(1, np.float32), "one"),
            onnx.numpy_helper.from_array(np.array(ZERO_POINT, np.uint8), "zero"),
        ],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    asked = replace(engine_request("cpu", 1), unsigned_weights=unsigned_weights)
    return Session(model.SerializeToString(), {}, asked).run(["y"], {"x": inputs})[0]


def exact(inputs: Array, weights: Array) -> Array:
    return np.asarray((inputs.astype(np.int64) - ZERO_POINT) @ weights.astype(np.int64), np.float32)


def extreme_pairs(rows: int, columns: int) -> Array:
    """Weights whose neighbours use all of what two may have in sum, evenly and unevenly, of both signs."""
    first = np.random.default_rng(rows + columns).integers(1, PAIR_LIMIT, (rows, columns))
    weights = np.where(np.arange(rows)[:, None] % 2, PAIR_LIMIT - np.roll(first, 1, axis=0), first)
    signs = np.where(np.arange(columns) % 2, -1, 1)
    return np.asarray(weights * signs, np.int8)


@pytest.mark.parametrize(("tokens", "width", "columns"), SHAPES)
def test_neighbours_at_the_limit_do_not_saturate(tokens: int, width: int, columns: int) -> None:
    weights = extreme_pairs(width, columns)
    assert pair_sums(weights).max() <= PAIR_LIMIT
    for value in (255, 0):
        inputs = np.full((tokens, width), value, np.uint8)
        np.testing.assert_array_equal(product(inputs, weights), exact(inputs, weights))


@pytest.mark.parametrize(("tokens", "width", "columns"), SHAPES)
def test_weights_made_unsigned_do_not_saturate(tokens: int, width: int, columns: int) -> None:
    weights = np.full((width, columns), LIMIT, np.int8)
    weights[:, ::2] = -LIMIT
    inputs = np.full((tokens, width), 255, np.uint8)
    np.testing.assert_array_equal(product(inputs, weights, unsigned_weights=True), exact(inputs, weights))


@given(st.integers(0, 10_000), st.integers(1, 90), st.booleans())
def test_rounded_weights_never_exceed_the_limit_in_pairs(seed: int, n_in: int, is_heavy: bool) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.standard_t(2, (n_in, 7)) if is_heavy else rng.uniform(-1, 1, (n_in, 7))
    inputs = rng.standard_normal((60, n_in)).astype(np.float32)
    rounded = round_by_calibration(weight.astype(np.float32), inputs.T @ inputs)
    assert pair_sums(rounded.values).max() <= PAIR_LIMIT
    assert np.abs(rounded.values.astype(int)).max() <= LIMIT


@pytest.mark.parametrize("architecture", ["mpnet", "bert", "distilbert"])
def test_every_matrix_of_a_bundle_is_within_the_limit(architecture: str, tmp_path: Path) -> None:
    write_int8(open_checkpoint(write_checkpoint(tmp_path / "source", architecture)), tmp_path)
    tensors = read_tensors(np.fromfile(tmp_path / "encoder.int8.safetensors", np.uint8))
    matrices = {name: pair_sums(array).max() for name, array in tensors.items() if array.dtype == np.int8}
    assert len(matrices) == 2 * 6
    assert max(matrices.values()) <= PAIR_LIMIT


def test_pairs_are_summed_by_sign() -> None:
    weights = np.array([[100, -100, 100, 5], [28, -29, -100, -6], [3, -127, 1, 0]], np.int8)
    np.testing.assert_array_equal(pair_sums(weights), [[128, 129, 100, 6], [3, 127, 1, 0]])


@pytest.mark.parametrize(
    ("requires", "features", "is_unsigned"),
    [
        (("vnni",), ("avx2",), True),
        (("vnni",), ("avx2", "avx512_vnni"), False),
        ((), ("avx2",), False),
    ],
)
def test_a_graph_that_wants_vnni_has_its_weights_made_unsigned_without_it(
    requires: tuple[str, ...],
    features: tuple[str, ...],
    is_unsigned: bool,
    bundle_of_two_precisions: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = Bundle.open(bundle_of_two_precisions)
    held = next(v for v in bundle.manifest.encoder.variants if v.precision is Precision.INT8)
    variant = replace(held, requires=requires)
    seen: list[bool] = []
    monkeypatch.setattr(encoder_session, "processor_features", lambda: features)
    real = Session

    def spy(graph: bytes, weights: Mapping[str, Array], asked: EngineRequest, options: None) -> Session:
        seen.append(asked.unsigned_weights)
        return real(graph, weights, asked, options)

    monkeypatch.setattr(encoder_session, "Session", spy)
    files = read_engine_files(bundle, variant)
    # As in the graphs of old, no two nodes share a weight: ONNX Runtime can make unsigned only those of one node.
    start_session(bundle, variant, files, engine_request("cpu", 1), outputs=["mean"])
    assert seen == [is_unsigned]
