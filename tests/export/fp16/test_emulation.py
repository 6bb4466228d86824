"""float16 on the CPU: every value is rounded, and one that float16 cannot hold is seen."""

from __future__ import annotations

import math

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from claxon.engine.session import Session, engine_request
from claxon_export.errors import ExportError
from claxon_export.fp16 import emulation
from claxon_export.fp16.emulation import EmulatedSession, beyond, emulated
from claxon_export.graphs.writer import Array

ROWS = 4


def model(first: Array, second: Array) -> onnx.ModelProto:
    """``ids``, as float16, through two products that follow each other."""
    nodes = [
        helper.make_node("Cast", ["ids"], ["x"], name="x", to=TensorProto.FLOAT16),
        helper.make_node("MatMul", ["x", "first"], ["wide"], name="wide"),
        helper.make_node("Reshape", ["wide", "shape"], ["reshaped"], name="reshaped"),
        helper.make_node("MatMul", ["reshaped", "second"], ["narrow"], name="narrow"),
        helper.make_node("Cast", ["narrow"], ["y"], name="y", to=TensorProto.FLOAT),
    ]
    given = helper.make_tensor_value_info("ids", TensorProto.INT64, ["rows", first.shape[0]])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", second.shape[1]])
    constants = {
        "first": first.astype(np.float16),
        "second": second.astype(np.float16),
        "shape": np.array([-1, first.shape[1]]),
    }
    graph = helper.make_graph(
        nodes, "test", [given], [result], [numpy_helper.from_array(value, name) for name, value in constants.items()]
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def run(first: Array, second: Array, ids: Array) -> tuple[Array, EmulatedSession]:
    session = EmulatedSession(emulated(model(first, second)), {})
    return session.run(["y"], {"ids": ids})[0], session


def test_values_are_rounded_between_operators_that_follow_each_other() -> None:
    rng = np.random.default_rng(0)
    first, second = (rng.normal(size=(3, 3)).astype(np.float16) for _ in range(2))
    ids = np.arange(3 * ROWS).reshape(ROWS, 3)
    found, _ = run(first, second, ids)
    wide = (ids.astype(np.float32) @ first.astype(np.float32)).astype(np.float16)
    requested = (wide.astype(np.float32) @ second.astype(np.float32)).astype(np.float16)
    np.testing.assert_array_equal(found, requested.astype(np.float32))
    plain = Session(model(first, second).SerializeToString(), {}, engine_request("cpu", 1)).run(["y"], {"ids": ids})[0]
    assert (plain != found).any(), "ONNX Runtime alone leaves the rounding out; if it does not, this module can go"


def test_a_number_beyond_float16_is_seen_though_the_end_is_small() -> None:
    first, second = np.full((2, 2), 300.0), np.full((2, 2), 1e-4)
    found, session = run(first, second, np.full((ROWS, 2), 200))
    assert np.isinf(found).all()
    assert session.largest == {"x": 200, "wide": math.inf, "narrow": math.inf}
    assert beyond(session.largest) == ("wide", "narrow")


def test_the_largest_of_all_runs_is_kept() -> None:
    session = EmulatedSession(emulated(model(np.eye(2), np.eye(2))), {})
    for number in (3, -7, 5):
        session.run(["y"], {"ids": np.full((1, 2), number)})
    assert session.largest == {"x": 7, "wide": 7, "narrow": 7}
    assert beyond(session.largest) == ()


def test_what_is_not_a_number_is_beyond() -> None:
    first = np.array([[300.0, -300.0], [0, 0]])
    _, session = run(first, np.ones((2, 2)), np.full((1, 2), 400))
    assert math.isnan(session.largest["narrow"]), "infinity less infinity"
    assert beyond(session.largest) == ("wide", "narrow")


def test_only_operators_that_compute_are_rounded() -> None:
    found = emulated(model(np.eye(2), np.eye(2)))
    assert found.rounded == ("x", "wide", "narrow")


def test_a_value_of_another_type_is_no_float16() -> None:
    with pytest.raises(ExportError, match="wide of the fp16 graph is float32, expected float16"):
        emulation._largest_bits("wide", np.ones(1, np.float32))
