"""The same layers as ``GraphWriter``'s, their products in int8."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from claxon_export.graphs.writer import MICROSOFT, Array, Dense, GraphWriter, Norm
from claxon_export.int8.inputs import PerToken, Smoothing, Static
from claxon_export.int8.layer import QuantizedLayer
from claxon_export.int8.rounding import Rounded


@dataclass(frozen=True, slots=True)
class QuantizedValue:
    """A U8 value, its scale and zero point in the graph."""

    value: str
    scale: str
    zero_point: str


class Int8Writer(GraphWriter):
    """Writes linear layers as quantised ones, words as float16, attention with ONNX's own operator."""

    # Attention came with opset 23; its kernel reads (batch, tokens, width) as it is, where MultiHeadAttention copies
    # query, key and value into another order first: 1.6 against 2.9 ms on 16 texts of 24 tokens, 10 against 14 on 8 of
    # 128.
    opset = 23
    ir_version = 11

    def __init__(self, name: str, layers: Mapping[str, QuantizedLayer]) -> None:
        """Begin an empty graph.

        Args:
            name: The graph's.
            layers: The quantised form of the linear layers, by name; others stay in float32.
        """
        super().__init__(name)
        self._layers = layers
        self._norms: dict[str, tuple[str, Norm]] = {}
        self._with_bias: set[str] = set()

    def layer_norm(self, value: str, norm: Norm) -> str:
        """As ``GraphWriter.layer_norm``."""
        normed = super().layer_norm(value, norm)
        self._norms[normed] = (value, norm)
        return normed

    def linear(self, value: str, weight: Array, bias: Array, name: str) -> str:
        """As ``GraphWriter.linear``; a quantised layer of that name stands for ``weight`` and ``bias``."""
        layer = self._layers.get(self.owner(name))
        if layer is None:
            return super().linear(value, weight, bias, name)
        if isinstance(layer.input, PerToken):
            scaled = self._scaled_product(value, layer.input, layer.weight, name)
            return self.node("Add", [scaled, self.weight(f"{name}.bias", layer.bias)], name)
        return self._product(self._quantized(value, layer.input, layer.smoothing, name), layer.weight, layer.bias, name)

    def residual(self, value: str, layer: Dense, skipped: str, norm: Norm) -> str:
        """As ``GraphWriter.residual``; a bias that cannot be in its product goes past it, if ``skipped`` can bring it.

        That is a layer normalisation which nothing else reads: then it costs no pass over memory.
        """
        chosen = self._layers.get(self.owner(layer.name))
        if chosen is None or not isinstance(chosen.input, PerToken) or not self._can_bring_bias(skipped):
            return super().residual(value, layer, skipped, norm)
        bringing = self._norms[skipped][1]
        self._with_bias.add(bringing.name)
        self.weight(f"{bringing.name}.bias", bringing.bias + chosen.bias)
        return self.normed_sum(skipped, self._scaled_product(value, chosen.input, chosen.weight, layer.name), norm)

    def _can_bring_bias(self, skipped: str) -> bool:
        """Whether nothing else reads the layer normalisation; for the first tokens it is what it is for all tokens."""
        if self._suffix:
            return skipped in self._norms and self._norms[skipped][1].name in self._with_bias
        return skipped in self._norms and not any(skipped in node.input for node in self._nodes)

    def normed_first(self, value: str, first: Callable[[str], str]) -> str:
        """As ``GraphWriter.normed_first``: normed anew, to be smoothed and to bring a bias as all tokens are."""
        if value not in self._norms:
            return super().normed_first(value, first)
        source, norm = self._norms[value]
        return self.layer_norm(first(source), norm)

    def query(self, value: str, weight: Array, bias: Array, name: str) -> str:
        """As ``GraphWriter.query``."""
        layer = self._layers.get(self.owner(f"{name}.qkv"))
        if layer is None or isinstance(layer.input, PerToken):
            return super().query(value, weight, bias, name)
        quantized = self._quantized(value, layer.input, layer.smoothing, f"{name}.qkv")
        return self._product(quantized, *_thirds(layer)[0], f"{name}.query")

    def query_apart(self, value: str, weight: Array, bias: Array, name: str) -> list[str]:
        """As ``GraphWriter.query_apart``."""
        layer = self._layers.get(self.owner(f"{name}.qkv"))
        if layer is None or isinstance(layer.input, PerToken):
            return super().query_apart(value, weight, bias, name)
        return self.projections(value, weight, bias, name)

    def projections(self, value: str, weight: Array, bias: Array, name: str) -> list[str]:
        """As ``GraphWriter.projections``: three products of one quantised input, which needs no Split."""
        layer = self._layers.get(self.owner(f"{name}.qkv"))
        if layer is None or isinstance(layer.input, PerToken):
            return super().projections(value, weight, bias, name)
        quantized = self._quantized(value, layer.input, layer.smoothing, f"{name}.qkv")
        roles = zip(("query", "key", "value"), _thirds(layer), strict=True)
        return [self._product(quantized, *third, f"{name}.{role}") for role, third in roles]

    def attention(self, query: str, key: str, value: str, bias: str, heads: int, name: str) -> str:
        """As ``GraphWriter.attention``."""
        return self.node("Attention", [query, key, value, bias], name, q_num_heads=heads, kv_num_heads=heads)

    def lookup(self, table: Array, indices: str, name: str, node: str) -> str:
        """As ``GraphWriter.lookup``; the table is kept in float16, half of what would be most of the file."""
        rows = super().lookup(table.astype(np.float16), indices, name, f"{node}.half")
        return self.node("Cast", [rows], node, to=1)

    def _quantized(self, value: str, chosen: Static, smoothing: Smoothing | None, name: str) -> QuantizedValue:
        if smoothing is not None:
            value = self._smoothed(value, smoothing, name)
        scale = self.constant(f"{name}.scale", np.array(chosen.scale, np.float32))
        zero_point = self.constant(f"{name}.zero_point", np.array(chosen.zero_point, np.uint8))
        quantized = self.node("QuantizeLinear", [value, scale, zero_point], f"{name}.quantized")
        return QuantizedValue(quantized, scale, zero_point)

    def _smoothed(self, value: str, smoothing: Smoothing, name: str) -> str:
        """The layer normalisation that gave ``value`` once more, with the smoothing in its weight and bias.

        That costs what shifting and dividing its output would, and leaves the output to the residual alone. What no
        layer normalisation gave, the widened embeddings of ELECTRA and ALBERT, is shifted and divided.
        """
        if value not in self._norms:
            shifted = self.node("Sub", [value, self.weight(f"{name}.shift", smoothing.shift)], f"{name}.shifted")
            return self.node("Div", [shifted, self.weight(f"{name}.factors", smoothing.factors)], f"{name}.smoothed")
        source, norm = self._norms[value]
        weight, bias = norm.weight / smoothing.factors, (norm.bias - smoothing.shift) / smoothing.factors
        return super().layer_norm(source, replace(norm, name=f"{name}.smoothed", weight=weight, bias=bias))

    def _scaled_product(self, value: str, chosen: PerToken, weight: Rounded, name: str) -> str:
        """The product without its bias, each token by its own scale."""
        sizes = value if chosen.minimum is not None else self.node("Abs", [value], f"{name}.magnitude")
        largest = self.node("ReduceMax", [sizes, self.integers(-1)], f"{name}.largest", keepdims=1)
        asked = self.node("Mul", [largest, self.scalar(1 / chosen.levels_above)], f"{name}.token_scale.asked")
        column = self.node("Max", [asked, self.scalar(chosen.least_scale)], f"{name}.token_scale")
        # A scale a row costs QuantizeLinear nothing, so this is faster than a Mul with each row's before one for all.
        scale = self.node("Squeeze", [column, self.integers(-1)], f"{name}.token_scale.flat")
        count = self.node("Shape", [scale], f"{name}.tokens")
        zero_point = self.constant(f"{name}.zero_point", np.array(chosen.zero_point, np.uint8))
        zero_points = self.node("Expand", [zero_point, count], f"{name}.zero_points")
        quantized = self.node("QuantizeLinear", [value, scale, zero_points], f"{name}.quantized", axis=0)
        unscaled = QuantizedValue(quantized, self.scalar(1.0), zero_point)
        return self.node("Mul", [self._product(unscaled, weight, None, f"{name}.product"), column], f"{name}.scaled")

    def _product(self, quantized: QuantizedValue, weight: Rounded, bias: Array | None, name: str) -> str:
        values, scales = self.weight(f"{name}.weight", weight.values), self.weight(f"{name}.weight.scale", weight.scale)
        inputs = [quantized.value, values, quantized.scale, scales, quantized.zero_point, ""]
        inputs += [] if bias is None else [self.weight(f"{name}.bias", bias)]
        return self.node("MatMulIntegerToFloat", inputs, name, domain=MICROSOFT)


def _thirds(layer: QuantizedLayer) -> list[tuple[Rounded, Array]]:
    """Weight and bias of query, key and value."""
    parts = np.split(layer.weight.values, 3, axis=1)
    scales, biases = np.split(layer.weight.scale, 3), np.split(layer.bias, 3)
    return [(Rounded(part, scale), bias) for part, scale, bias in zip(parts, scales, biases, strict=True)]
