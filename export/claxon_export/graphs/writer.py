"""A small vocabulary for writing encoder graphs with ``onnx.helper``; every name says what it is in Netron.

Large weights do not go into the graph: they are collected and written beside it as safetensors, which the graph names
as ONNX external data. So the graph stays small enough to read, and weights are read once, checked, and handed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = np.ndarray[Any, Any]

OPSET = 20
# IR 9 came with opset 20's first ONNX; ONNX Runtime from 1.17 on reads it.
IR_VERSION = 9
MICROSOFT = "com.microsoft"


class Activation(StrEnum):
    """What stands between the two layers of a feed-forward: GELU by the error function, by tanh, or ReLU."""

    GELU = "gelu"
    GELU_TANH = "gelu_tanh"
    RELU = "relu"


@dataclass(frozen=True, slots=True)
class Dense:
    """A linear layer by its name in the graph; ``weight`` as PyTorch stores it, ``(out, in)``, ``bias`` ``(out,)``."""

    name: str
    weight: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class Norm:
    """A layer normalization by its name in the graph; ``weight`` and ``bias`` of shape ``(width,)``."""

    name: str
    weight: Array
    bias: Array
    epsilon: float


class GraphWriter:
    """Nodes, constants and weights of one graph, in float32. A value's name is its node's name.

    The architectures ask for layers; a subclass writes the same layers in another precision, or for another device.
    """

    opset = OPSET
    ir_version = IR_VERSION
    # Whether the last layer is written a second time, for the first token alone.
    has_first_token_path = True
    # Whether token types are an input where the source has several, for pairs of texts.
    takes_token_types = False

    def __init__(self, name: str) -> None:
        """Begin an empty graph."""
        self._name = name
        self._suffix = ""
        self._nodes: list[onnx.NodeProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._owners: dict[str, str] = {}
        self.weights: dict[str, Array] = {}

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(value.name for value in self._inputs)

    def input(self, name: str, shape: Sequence[str | int]) -> str:
        """An int64 input of that shape; names in ``shape`` are dynamic dimensions."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.INT64, shape))
        return name

    def output(self, value: str, name: str, shape: Sequence[str | int]) -> None:
        """Give ``value`` out as ``name``, float32."""
        self.node("Identity", [value], name)
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def node(self, operator: str, inputs: Sequence[str], name: str, *, domain: str = "", **attributes: Any) -> str:
        """One node with one output, which bears its name."""
        name += self._suffix
        self._nodes.append(helper.make_node(operator, inputs, [name], name=name, domain=domain, **attributes))
        return name

    @contextmanager
    def suffixed(self, suffix: str) -> Iterator[None]:
        """Within this, names of nodes end with ``suffix``, and names of weights do not: layers share theirs."""
        self._suffix = suffix
        try:
            yield
        finally:
            self._suffix = ""

    def split(self, value: str, names: Sequence[str]) -> list[str]:
        """Cut the last axis into as many equal parts as there are names."""
        outputs = list(names)
        name = f"{value}.split"
        self._nodes.append(helper.make_node("Split", [value], outputs, name=name, axis=-1, num_outputs=len(outputs)))
        return outputs

    def constant(self, name: str, value: Array) -> str:
        """A small tensor inside the graph."""
        self._constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def integers(self, *values: int) -> str:
        """A 1-D int64 constant, the same one for the same values."""
        name = "const." + "_".join(str(value) for value in values)
        return self.constant(name, np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        """A float32 constant without dimensions."""
        return self.constant(f"const.{value!r}", np.array(value, np.float32))

    def integer(self, value: int) -> str:
        """An int64 constant without dimensions."""
        return self.constant(f"const.scalar.{value}", np.array(value, np.int64))

    def weight(self, name: str, value: Array) -> str:
        """A large tensor, stored beside the graph; once for all parts that share it.

        Layer normalizations are small, and a writer may put another layer's bias into one: each is stored.
        """
        name = name if "norm." in name or ".smoothed." in name else self.owner(name)
        self.weights[name] = np.ascontiguousarray(value)
        return name

    def share(self, prefix: str, owner: str) -> None:
        """Linear layers whose names begin with ``prefix`` have the weights of those that begin with ``owner``."""
        self._owners[prefix] = owner

    def owner(self, name: str) -> str:
        """The name under which the weights of a linear layer are stored."""
        prefix = next((prefix for prefix in self._owners if name.startswith(prefix)), "")
        return self._owners.get(prefix, "") + name[len(prefix) :]

    def linear(self, value: str, weight: Array, bias: Array, name: str) -> str:
        """``value @ weight.T + bias`` for 2-D ``value``.

        Args:
            value: Shape: ``(tokens, in)``.
            weight: As PyTorch stores it. Shape: ``(out, in)``.
            bias: Shape: ``(out,)``.
        """
        # Gemm rather than MatMul and Add: the bias costs no pass over memory. The weight is stored the way round in
        # which ONNX Runtime packs it.
        inputs = [value, self.weight(f"{name}.weight", weight.T), self.weight(f"{name}.bias", bias)]
        return self.node("Gemm", inputs, name)

    def activated(self, value: str, layer: Dense, activation: Activation, name: str) -> str:
        """A linear layer and an activation, which bears ``name``. Shapes: ``(tokens, in)`` to ``(tokens, out)``."""
        return self.activation(self.linear(value, layer.weight, layer.bias, layer.name), activation, name)

    def activation(self, value: str, activation: Activation, name: str) -> str:
        """An activation of every number."""
        if activation is Activation.GELU:
            return self.node("Gelu", [value], name, domain=MICROSOFT)
        if activation is Activation.GELU_TANH:
            return self.node("Gelu", [value], name, approximate="tanh")
        return self.node("Relu", [value], name)

    def residual(self, value: str, layer: Dense, skipped: str, norm: Norm) -> str:
        """``norm(skipped + layer(value))``, which bears the norm's name.

        Args:
            value: Shape: ``(tokens, in)``.
            layer: From ``in`` to ``width``.
            skipped: What goes past the layer. Shape: ``(tokens, width)``.
            norm: Of ``width``.
        """
        # Not SkipLayerNormalization: on the CPU that costs 2.0 ms where Add and LayerNormalization cost 0.4, on
        # 1,024 x 768.
        return self.normed_sum(skipped, self.linear(value, layer.weight, layer.bias, layer.name), norm)

    def normed_sum(self, skipped: str, added: str, norm: Norm) -> str:
        """``norm(skipped + added)``, which bears the norm's name. Shapes: ``(tokens, width)``."""
        total = self.node("Add", [skipped, added], f"{norm.name.rpartition('.')[0]}.residual")
        return self.layer_norm(total, norm)

    def narrowed(self, value: str) -> str:
        """A float32 value in the type of the token states, which is float32 here."""
        return value

    def widened(self, value: str) -> str:
        """A value of the token states' type in float32, which it is already here."""
        return value

    def projections(self, value: str, weight: Array, bias: Array, name: str) -> list[str]:
        """Query, key and value, from one packed product.

        Args:
            value: Shape: ``(tokens, width)``.
            weight: The three matrices one below the other. Shape: ``(3 * width, width)``.
            bias: Shape: ``(3 * width,)``.
            name: The attention's.

        Returns:
            Three values of shape ``(tokens, width)``.
        """
        packed = self.linear(value, weight, bias, f"{name}.qkv")
        return self.split(packed, [f"{name}.query", f"{name}.key", f"{name}.value"])

    def query(self, value: str, weight: Array, bias: Array, name: str) -> str:
        """The query alone. The arguments are those of ``projections``."""
        width = weight.shape[1]
        return self.linear(value, weight[:width], bias[:width], f"{name}.query")

    def query_apart(self, value: str, weight: Array, bias: Array, name: str) -> list[str]:
        """As ``projections``, the query from a product of its own, so that it can be left out."""
        width = weight.shape[1]
        query = self.query(value, weight, bias, name)
        packed = self.linear(value, weight[width:], bias[width:], f"{name}.kv")
        return [query, *self.split(packed, [f"{name}.key", f"{name}.value"])]

    def normed_first(self, value: str, first: Callable[[str], str]) -> str:
        """The first token of each text of a normed value, which ``first`` takes out of a value of that shape."""
        return first(value)

    def attention(self, query: str, key: str, value: str, bias: str, heads: int, name: str) -> str:
        """Scaled dot-product attention. Vaswani et al. 2017, https://arxiv.org/abs/1706.03762

        Args:
            query, key, value: Shape: ``(batch, tokens, width)``.
            bias: Added to the scores, which are divided by sqrt(width of a head). Shape: ``(batch or 1, heads or 1,
                tokens, tokens)``.
            heads: How many.
            name: The node's.
        """
        inputs = [query, key, value, "", "", bias]
        return self.node("MultiHeadAttention", inputs, name, domain=MICROSOFT, num_heads=heads)

    def lookup(self, table: Array, indices: str, name: str, node: str) -> str:
        """Rows of a table, float32.

        Args:
            table: Shape: ``(rows, width)``.
            indices: Shape: ``(batch, tokens)``.
            name: The table's.
            node: The result's.
        """
        return self.node("Gather", [self.weight(name, table), indices], node, axis=0)

    def layer_norm(self, value: str, norm: Norm) -> str:
        """LayerNormalization over the last axis, which bears the norm's name."""
        inputs = [value, self.weight(f"{norm.name}.weight", norm.weight), self.weight(f"{norm.name}.bias", norm.bias)]
        return self.node("LayerNormalization", inputs, norm.name, axis=-1, epsilon=norm.epsilon)

    def reshape(self, value: str, shape: str, name: str) -> str:
        """``value`` in the shape that the tensor ``shape`` holds."""
        return self.node("Reshape", [value, shape], name)

    def prune(self) -> None:
        """Drop the nodes and weights that nothing reads: int8 replaces the norm before a layer that alone read it."""
        read, kept = {value.name for value in self._outputs}, []
        for node in reversed(self._nodes):
            if not read.isdisjoint(node.output):
                kept.append(node)
                read.update(node.input)
        self._nodes = kept[::-1]
        self.weights = {name: array for name, array in self.weights.items() if name in read}

    def append_to(self, model: onnx.ModelProto) -> None:
        """Put the nodes and constants behind those of ``model``, and make the outputs its only ones."""
        model.graph.node.extend(self._nodes)
        model.graph.initializer.extend(self._constants.values())
        del model.graph.output[:]
        model.graph.output.extend(self._outputs)

    def model(self, location: str, offsets: dict[str, tuple[int, int]], metadata: dict[str, str]) -> onnx.ModelProto:
        """The finished graph.

        Args:
            location: File name of the weights, beside the graph.
            offsets: First byte and number of bytes of each weight in that file.
            metadata: Free words kept in the model.
        """
        externals = [external(name, array, location, offsets[name]) for name, array in self.weights.items()]
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, [*self._constants.values(), *externals]
        )
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=self.ir_version, producer_name="claxon")
        helper.set_model_props(model, metadata)
        return model


def external(name: str, array: Array, location: str, place: tuple[int, int]) -> onnx.TensorProto:
    """A tensor that lies in another file: first byte and number of bytes in ``place``."""
    tensor = TensorProto()
    tensor.name = name
    tensor.data_type = helper.np_dtype_to_tensor_dtype(array.dtype)
    tensor.dims.extend(array.shape)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": place[0], "length": place[1]}.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor
