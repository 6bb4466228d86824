"""ONNX files, read without the onnx package and compared with what it reads; and bytes that are no ONNX file."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto, helper, numpy_helper

from claxon.bundle.onnx_reader import MAX_DEPTH, ExternalTensor, read_graph
from claxon.diagnostics.doctor import PROBE_GRAPH
from claxon.errors import BundleError
from tests.graphs import linear


def model(*nodes: NodeProto, **parts: list[object]) -> ModelProto:
    return helper.make_model(GraphProto(name="g", node=nodes, **parts))  # type: ignore[arg-type]


def outside(name: str, **place: str) -> TensorProto:
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[2], data_location=TensorProto.EXTERNAL)
    for key, value in place.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def test_the_smallest_graph() -> None:
    found = read_graph(PROBE_GRAPH)
    assert (found.operators, found.domains, found.external, found.extras) == ({"Identity": 1}, set(), [], [])


def test_the_operators_are_those_that_onnx_reads(tiny_bundle: Path) -> None:
    onnx = pytest.importorskip("onnx")
    graph = onnx.load(tiny_bundle / "encoder.onnx", load_external_data=False).graph
    found = read_graph((tiny_bundle / "encoder.onnx").read_bytes())
    assert found.operators == Counter(".".join(filter(None, [node.domain, node.op_type])) for node in graph.node)
    assert found.domains - {""} == {node.domain for node in graph.node if node.domain}
    expected = [t for t in graph.initializer if t.data_location == TensorProto.EXTERNAL]
    assert [(t.name, dict(t.place)) for t in found.external] == [
        (t.name, {entry.key: entry.value for entry in t.external_data}) for t in expected
    ]
    assert expected


@pytest.mark.parametrize(
    "content",
    [
        PROBE_GRAPH[:30],
        b"\x3a\xff\xff\xff",
        b"\x0f\x00",
        b"\x3a\x02\x0a\x09",
        b"\x3a\x04\x0a\x02\x38\x01",
        b"\xba\x80\x80\x80\x80\x80\x00\x00",
        b"\x3a" + b"\xff" * 10 + b"\x01",
        b"\x0d\x00",
        b"\x3a\x06\x0a\x04\x22\x02\xff\xfe",
    ],
    ids=["cut", "length cut", "wire type", "field cut", "number for text", "long tag", "long length", "fixed", "UTF-8"],
)
def test_bytes_that_are_no_graph_are_an_error(content: bytes) -> None:
    with pytest.raises(BundleError, match="no ONNX file"):
        read_graph(content)


@settings(max_examples=300)
@given(st.data())
def test_any_change_of_a_graph_is_read_or_is_a_typed_error(data: st.DataObject) -> None:
    content = bytearray(linear(np.ones((2, 2), np.float32), external=True))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(BundleError):
        read_graph(bytes(content[: data.draw(st.integers(0, len(content)))]))


def inside(node: NodeProto, depth: int) -> NodeProto:
    for _ in range(depth):
        node = helper.make_node("If", ["c"], ["y"], then_branch=GraphProto(name="inner", node=[node]))
    return node


@pytest.mark.parametrize("depth", [0, 1, MAX_DEPTH])
def test_graphs_inside_graphs_are_read(depth: int) -> None:
    found = read_graph(model(inside(NodeProto(op_type="Evil", domain="evil"), depth)).SerializeToString())
    assert found.domains == {"evil"}
    assert found.operators["If"] == depth


def test_graphs_that_are_nested_too_deep() -> None:
    with pytest.raises(BundleError, match="nested deeper than 16 levels"):
        read_graph(model(inside(NodeProto(op_type="Add"), MAX_DEPTH + 1)).SerializeToString())


def test_a_list_of_graphs_is_read_as_well() -> None:
    node = helper.make_node("Any", [], [], branches=[GraphProto(name="g", node=[NodeProto(domain="evil")])])
    assert read_graph(model(node).SerializeToString()).domains == {"evil"}


def test_a_domain_that_stands_twice_is_seen_twice() -> None:
    """Protobuf takes the last; a reader that took the first would be fooled, and one that takes the last as well."""
    node = NodeProto(op_type="Add", domain="one").SerializeToString() + NodeProto(domain="two").SerializeToString()
    graph = b"\x0a" + bytes([len(node)]) + node
    assert read_graph(b"\x3a" + bytes([len(graph)]) + graph).domains == {"one", "two"}


def test_a_graph_that_stands_twice_is_read_twice() -> None:
    graphs = [model(NodeProto(op_type="Add", domain=name)).SerializeToString() for name in ("one", "two")]
    assert read_graph(b"".join(graphs)).domains == {"one", "two"}


SPARSE = SparseTensorProto(values=outside("values", location="a"), indices=outside("indices", location="b"))


@pytest.mark.parametrize(
    ("graph", "names"),
    [
        (model(initializer=[outside("w", location="f")]), {"w"}),
        (model(sparse_initializer=[SPARSE]), {"values", "indices"}),
        (model(helper.make_node("Constant", [], ["y"], value=outside("w", location="f"))), {"w"}),
        (model(helper.make_node("Any", [], ["y"], values=[outside("w", location="f")])), {"w"}),
        (model(helper.make_node("Constant", [], ["y"], sparse_value=SPARSE)), {"values", "indices"}),
        (model(helper.make_node("Any", [], ["y"], several=[SPARSE, SPARSE])), {"values", "indices"}),
        (
            model(helper.make_node("If", [], [], then_branch=GraphProto(name="g", initializer=[outside("w")]))),
            {"w"},
        ),
        (model(initializer=[numpy_helper.from_array(np.ones(2), "inside")]), set()),
    ],
    ids=["weight", "sparse", "constant", "constants", "sparse constant", "sparse constants", "subgraph", "inside"],
)
def test_values_outside_are_found_wherever_they_are_named(graph: ModelProto, names: set[str]) -> None:
    found = read_graph(graph.SerializeToString()).external
    assert {tensor.name for tensor in found} == names
    assert {tensor.is_initializer for tensor in found} <= {graph.graph.initializer[:1] != []}


def test_a_place_without_a_location_kind_is_a_place() -> None:
    tensor = outside("w", location="f")
    tensor.ClearField("data_location")
    expected = ExternalTensor("w", (("location", "f"),), is_initializer=True)
    assert read_graph(model(initializer=[tensor]).SerializeToString()).external == [expected]


def test_functions_and_training_graphs_are_named() -> None:
    content = model(NodeProto(op_type="Add"))
    content.functions.add(name="f", domain="evil")
    content.training_info.add()
    assert sorted(read_graph(content.SerializeToString()).extras) == ["functions", "training graphs"]
