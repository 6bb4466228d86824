"""What a bundle's graph may hold, by graphs that hold something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import GraphProto, ModelProto, helper
from safetensors.numpy import save

import claxon
from claxon.bundle.bundle import Bundle
from claxon.bundle.graph_policy import HEAD_OPERATORS, Place, check_graph, weight_places
from claxon.bundle.safetensors import read_tensors
from claxon.engine.session import Session
from claxon.errors import BundleError
from tests.bundles import reseal
from tests.runtime.bundle.test_onnx_reader import SPARSE, inside, model, outside

PLACES = {"w": Place("weights.safetensors", 64, 8)}
GOOD = {"location": "weights.safetensors", "offset": "64", "length": "8"}


def check(graph: ModelProto) -> None:
    check_graph(graph.SerializeToString(), "encoder.onnx", PLACES)


@pytest.mark.parametrize("domain", ["", "ai.onnx", "com.microsoft"])
def test_known_domains_pass(domain: str) -> None:
    check(model(inside(helper.make_node("Add", [], [], domain=domain), 2), initializer=[outside("w", **GOOD)]))


@pytest.mark.parametrize("domain", ["evil", "ai.onnx.ml", "com.microsoft.nchwc", "ai.onnx.preview.training", " "])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_other_domains_are_refused_at_any_depth(domain: str, depth: int) -> None:
    with pytest.raises(BundleError, match=f"encoder.onnx contains operators of the domain '{domain}'"):
        check(model(inside(helper.make_node("Op", [], [], domain=domain), depth)))


def test_functions_are_refused() -> None:
    graph = model(helper.make_node("Add", [], []))
    graph.functions.add(name="Add", domain="")
    with pytest.raises(BundleError, match=r"encoder\.onnx contains functions"):
        check(graph)


@pytest.mark.parametrize(
    "place",
    [
        {"location": "/etc/passwd"},
        {"location": "../weights.safetensors", "offset": "64", "length": "8"},
        {**GOOD, "location": "other.safetensors"},
        {**GOOD, "location": "*/_ORT_MEM_ADDR_/*"},
        {**GOOD, "offset": "0"},
        {**GOOD, "offset": "064"},
        {**GOOD, "length": "16"},
        {"location": "weights.safetensors"},
        {},
    ],
    ids=str,
)
def test_values_elsewhere_than_in_the_manifest_are_refused(place: dict[str, str]) -> None:
    with pytest.raises(BundleError, match=r"'w' is stored at .* expected 64\+8 of 'weights"):
        check(model(initializer=[outside("w", **place)]))


def test_a_tensor_that_the_weights_do_not_hold_is_refused() -> None:
    with pytest.raises(BundleError, match=r"'v' is stored in 'weights\.safetensors', which the manifest does not list"):
        check(model(initializer=[outside("v", **GOOD)]))


@pytest.mark.parametrize(
    "graph",
    [
        model(helper.make_node("Constant", [], ["y"], value=outside("w", **GOOD))),
        model(helper.make_node("If", [], [], then_branch=GraphProto(name="g", initializer=[outside("w", **GOOD)]))),
    ],
    ids=["constant", "subgraph"],
)
def test_only_the_graphs_own_initializers_are_handed_over(graph: ModelProto) -> None:
    with pytest.raises(BundleError, match="'w' are stored outside the graph; only weights may be"):
        check(graph)


def test_a_place_that_is_given_twice_is_refused() -> None:
    tensor = outside("w", **GOOD)
    tensor.external_data.add(key="location", value="/etc/passwd")
    with pytest.raises(BundleError, match="'w' are stored outside the graph"):
        check(model(initializer=[tensor]))


def test_bytes_that_are_no_graph_are_told_with_their_file() -> None:
    with pytest.raises(BundleError, match=r"encoder\.onnx: the graph is no ONNX file"):
        check_graph(b"\x0f\x00", "encoder.onnx", {})


def test_the_places_of_weights_are_those_in_the_file() -> None:
    shapes = {"a": (2, 3), "b": (0, 3), "c": (3,)}
    arrays = {name: np.random.default_rng(0).normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    content = np.frombuffer(save(arrays), np.uint8)
    for name, place in weight_places(read_tensors(content), content, "w.safetensors").items():
        assert place.location == "w.safetensors"
        found = content[place.offset : place.offset + place.length].tobytes()
        assert found == arrays[name].tobytes()


def _foreign_file(graph: ModelProto) -> None:
    graph.graph.initializer[_first_outside(graph)].external_data[0].value = "/etc/hostname"


def _foreign_operator(graph: ModelProto) -> None:
    graph.graph.node[0].domain = "evil"


def _first_outside(graph: ModelProto) -> int:
    return next(i for i, tensor in enumerate(graph.graph.initializer) if tensor.external_data)


@pytest.mark.parametrize(
    ("change", "message"),
    [(_foreign_file, r"is stored at .* of '/etc/hostname'"), (_foreign_operator, "operators of the domain 'evil'")],
)
def test_a_sealed_bundle_with_such_a_graph_is_refused_before_the_engine_sees_it(
    change: Callable[[ModelProto], None], message: str, copied_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = ModelProto.FromString((copied_bundle / "encoder.onnx").read_bytes())
    change(graph)
    (copied_bundle / "encoder.onnx").write_bytes(graph.SerializeToString())
    reseal(copied_bundle)
    monkeypatch.setattr(Session, "__init__", lambda *_: pytest.fail("a graph was given to ONNX Runtime"))
    with pytest.raises(BundleError, match=message):
        claxon.Encoder.load(copied_bundle)


def test_a_head_with_such_a_graph_is_refused_as_well(copied_bundle: Path) -> None:
    path = copied_bundle / Bundle.open(copied_bundle).manifest.heads[0].file
    graph = ModelProto.FromString(path.read_bytes())
    graph.graph.initializer.append(outside("stolen", location="/etc/hostname"))
    path.write_bytes(graph.SerializeToString())
    reseal(copied_bundle)
    with pytest.raises(BundleError, match="'stolen' is stored in '/etc/hostname', which the manifest does not list"):
        claxon.load(copied_bundle, "sentiment")


@pytest.mark.parametrize("operator", ["Loop", "Scan", "SequenceMap"])
@pytest.mark.parametrize("domain", ["", "ai.onnx"])
@pytest.mark.parametrize("depth", [0, 2])
def test_what_may_run_without_end_is_refused_at_any_depth(operator: str, domain: str, depth: int) -> None:
    with pytest.raises(BundleError, match=f"encoder.onnx contains the operator {operator}, which may run forever"):
        check(model(inside(helper.make_node(operator, [], [], domain=domain), depth)))


def test_where_operators_are_named_no_other_passes() -> None:
    for_head = model(helper.make_node("MatMul", [], []), helper.make_node("ConstantOfShape", [], []))
    with pytest.raises(
        BundleError, match=r"head\.onnx contains the operator .ConstantOfShape., expected only Abs, Add, "
    ):
        check_graph(for_head.SerializeToString(), "head.onnx", {}, HEAD_OPERATORS)
    check_graph(for_head.SerializeToString(), "encoder.onnx", {})


@pytest.mark.parametrize(
    "graph",
    [model(sparse_initializer=[SPARSE]), model(helper.make_node("Constant", [], ["y"], sparse_value=SPARSE))],
    ids=["initializer", "constant"],
)
def test_sparse_tensors_which_the_engine_writes_out_are_refused(graph: ModelProto) -> None:
    with pytest.raises(BundleError, match=r"encoder\.onnx contains sparse tensors"):
        check(graph)
