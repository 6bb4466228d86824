"""ONNX models changed where it hurts: other operators, attributes, shapes and wires, drawn with a seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

import onnx
from onnx import AttributeProto, TensorProto, helper

from claxon.bundle.graph_policy import HEAD_OPERATORS

MOST_EDITS = 2
IS_ANY = 0.1
NUMBERS = (-1, 0, 1, 2, 3, 16, 31, 32, 33, 1000, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 63) - 1, -(1 << 63))
FLOATS = (0.0, -0.0, 1.0, -1.0, 1e-45, 1e38, float("inf"), float("-inf"), float("nan"))
DOMAINS = ("", "ai.onnx", "com.microsoft", "ai.onnx.ml", "acme")
ATTRIBUTES = (
    "axis", "axes", "keepdims", "to", "transA", "transB", "alpha", "beta", "perm", "value", "value_int", "value_ints",
    "value_float", "body", "then_branch", "else_branch", "group", "kernel_shape", "epsilon", "mode", "equation",
    "num_outputs",
)  # fmt: skip
TYPES = tuple(TensorProto.DataType.values())

Edit = Callable[[onnx.ModelProto, random.Random], None]


def mutated_graph(content: bytes, draw: random.Random) -> bytes | None:
    """The model with one edit or some; ``None`` if it is none, or has nothing to edit."""
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
        for _ in range(draw.randint(1, MOST_EDITS)):
            draw.choice(EDITS)(model, draw)
        return bytes(model.SerializeToString())
    except Exception:  # protobuf's errors have no common base, and an edit may find nothing to choose from
        return None


@cache
def _every_operator() -> list[str]:
    return sorted({schema.name for schema in onnx.defs.get_all_schemas_with_history()})


def _operator(draw: random.Random) -> str:
    """One that a head may hold, mostly: the others are refused at once."""
    return draw.choice(_every_operator() if draw.random() < IS_ANY else sorted(HEAD_OPERATORS))


def _node(model: onnx.ModelProto, draw: random.Random) -> onnx.NodeProto:
    node: onnx.NodeProto = draw.choice(list(model.graph.node))
    return node


def _values(model: onnx.ModelProto) -> list[str]:
    """Names of all values, and one that is nowhere."""
    outputs = [name for node in model.graph.node for name in node.output]
    return ["", "nowhere", "features", "scores", *outputs, *(tensor.name for tensor in model.graph.initializer)]


def _another_operator(model: onnx.ModelProto, draw: random.Random) -> None:
    node = _node(model, draw)
    node.op_type = _operator(draw)
    if draw.random() < 0.1:
        node.domain = draw.choice(DOMAINS)


def _another_wire(model: onnx.ModelProto, draw: random.Random) -> None:
    node = _node(model, draw)
    wires = draw.choice((node.input, node.output))
    name = draw.choice(_values(model))
    if wires and draw.random() < 0.7:
        wires[draw.randrange(len(wires))] = name
    else:
        wires.append(name)


def _one_node_more(model: onnx.ModelProto, draw: random.Random) -> None:
    """A node in front of another, which reads what it gives."""
    reader = _node(model, draw)
    inputs = draw.sample(_values(model), draw.randint(0, 3))
    name = f"new{len(model.graph.node)}"
    node = helper.make_node(_operator(draw), inputs, [name])
    nodes = list(model.graph.node)
    nodes.insert(nodes.index(reader), node)
    if reader.input:
        reader.input[draw.randrange(len(reader.input))] = name
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _one_node_less(model: onnx.ModelProto, draw: random.Random) -> None:
    del model.graph.node[draw.randrange(len(model.graph.node))]


def _another_attribute(model: onnx.ModelProto, draw: random.Random) -> None:
    node = _node(model, draw)
    if node.attribute and draw.random() < 0.5:
        del node.attribute[draw.randrange(len(node.attribute))]
    node.attribute.append(_attribute(model, draw))


def _attribute(model: onnx.ModelProto, draw: random.Random) -> AttributeProto:
    name = draw.choice(ATTRIBUTES)
    if name in ("body", "then_branch", "else_branch"):
        return helper.make_attribute(name, model.graph)
    values = (
        lambda: draw.choice(NUMBERS),
        lambda: [draw.choice(NUMBERS) for _ in range(draw.randint(1, 4))],
        lambda: draw.choice(FLOATS),
        lambda: draw.choice(("", "constant", "ij,jk->ik", "a" * 100)),
        lambda: helper.make_tensor("", TensorProto.INT64, [2], [draw.choice(NUMBERS), draw.choice(NUMBERS)]),
    )
    return helper.make_attribute(name, draw.choice(values)())


def _another_tensor(model: onnx.ModelProto, draw: random.Random) -> None:
    tensor = draw.choice(list(model.graph.initializer))
    edit = draw.randrange(5)
    if edit == 0 and tensor.dims:
        tensor.dims[draw.randrange(len(tensor.dims))] = draw.choice(NUMBERS)
    elif edit == 1:
        tensor.data_type = draw.choice(TYPES)
    elif edit == 2:
        tensor.raw_data = tensor.raw_data[: draw.randint(0, len(tensor.raw_data))]
    elif edit == 3:
        tensor.float_data.append(draw.choice(FLOATS))
    else:
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", draw.choice(("tokenizer.json", "/etc/passwd", "*/_ORT_MEM_ADDR_/*"))


def _one_tensor_more(model: onnx.ModelProto, draw: random.Random) -> None:
    numbers = [draw.choice(NUMBERS) for _ in range(draw.randint(1, 3))]
    name = draw.choice([*_values(model), f"tensor{len(model.graph.initializer)}"])
    model.graph.initializer.append(helper.make_tensor(name, TensorProto.INT64, [len(numbers)], numbers))


def _another_end(model: onnx.ModelProto, draw: random.Random) -> None:
    """Inputs and outputs of the graph: their types, shapes and names."""
    end = draw.choice([*model.graph.input, *model.graph.output])
    edit = draw.randrange(4)
    if edit == 0:
        end.type.tensor_type.elem_type = draw.choice(TYPES)
    elif edit == 1 and end.type.tensor_type.shape.dim:
        draw.choice(list(end.type.tensor_type.shape.dim)).dim_value = draw.choice(NUMBERS)
    elif edit == 2:
        end.type.ClearField("tensor_type")
    else:
        end.name = draw.choice(_values(model))


def _another_version(model: onnx.ModelProto, draw: random.Random) -> None:
    if draw.random() < 0.5 and model.opset_import:
        chosen = draw.choice(list(model.opset_import))
        chosen.version, chosen.domain = draw.choice((*NUMBERS, 7, 11, 13, 18, 21)), draw.choice(DOMAINS)
    else:
        model.ir_version = draw.choice((*NUMBERS, 3, 8, 10))


EDITS: tuple[Edit, ...] = (
    _another_operator, _another_operator, _another_wire, _another_wire, _one_node_more, _one_node_more, _one_node_less,
    _another_attribute, _another_attribute, _another_tensor, _another_tensor, _one_tensor_more, _another_end,
    _another_version,
)  # fmt: skip
