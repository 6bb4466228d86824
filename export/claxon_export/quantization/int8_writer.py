"""The same layers as ``GraphWriter``'s, their products in int8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from claxon_export.graph import MICROSOFT, Array, GraphWriter
from claxon_export.quantization.inputs import PerToken, Static
from claxon_export.quantization.layer import QuantizedLayer
from claxon_export.quantization.rounding import Rounded


@dataclass(frozen=True, slots=True)
class QuantizedValue:
    """A U8 value, its scale and zero point in the graph; ``token_scale`` where every token has one of its own."""

    value: str
    scale: str
    zero_point: str
    token_scale: str | None = None


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

    def linear(self, value: str, weight: Array, bias: Array, name: str) -> str:
        """As ``GraphWriter.linear``; a quantised layer of that name stands for ``weight`` and ``bias``."""
        if name not in self._layers:
            return super().linear(value, weight, bias, name)
        layer = self._layers[name]
        quantized = self._quantized(value, layer.input, name)
        if quantized.token_scale is None:
            return self._product(quantized, layer.weight, layer.bias, name)
        product = self._product(quantized, layer.weight, None, f"{name}.product")
        scaled = self.node("Mul", [product, quantized.token_scale], f"{name}.scaled")
        return self.node("Add", [scaled, self.weight(f"{name}.bias", layer.bias)], name)

    def projections(self, value: str, weight: Array, bias: Array, name: str) -> list[str]:
        """As ``GraphWriter.projections``: three products of one quantised input, which needs no Split."""
        if f"{name}.qkv" not in self._layers:
            return super().projections(value, weight, bias, name)
        layer = self._layers[f"{name}.qkv"]
        quantized = self._quantized(value, layer.input, f"{name}.qkv")
        parts = np.split(layer.weight.values, 3, axis=1)
        scales, biases = np.split(layer.weight.scale, 3), np.split(layer.bias, 3)
        return [
            self._product(quantized, Rounded(part, scale), shift, f"{name}.{role}")
            for role, part, scale, shift in zip(("query", "key", "value"), parts, scales, biases, strict=True)
        ]

    def attention(self, query: str, key: str, value: str, bias: str, heads: int, name: str) -> str:
        """As ``GraphWriter.attention``."""
        return self.node("Attention", [query, key, value, bias], name, q_num_heads=heads, kv_num_heads=heads)

    def lookup(self, table: Array, indices: str, name: str, node: str) -> str:
        """As ``GraphWriter.lookup``; the table is kept in float16, half of what would be most of the file."""
        rows = super().lookup(table.astype(np.float16), indices, name, f"{node}.half")
        return self.node("Cast", [rows], node, to=1)

    def _quantized(self, value: str, chosen: Static | PerToken, name: str) -> QuantizedValue:
        zero_point = self.constant(f"{name}.zero_point", np.array(chosen.zero_point, np.uint8))
        if isinstance(chosen, PerToken):
            return self._per_token(value, chosen, zero_point, name)
        if chosen.smoothing is not None and not chosen.is_folded:
            # Not QuantizeLinear with a scale a channel: along the last axis that is twenty times slower.
            factors = self.weight(f"{name}.smoothing", 1 / chosen.smoothing)
            value = self.node("Mul", [value, factors], f"{name}.smoothed")
        scale = self.constant(f"{name}.scale", np.array(chosen.scale, np.float32))
        return QuantizedValue(
            self.node("QuantizeLinear", [value, scale, zero_point], f"{name}.quantized"), scale, zero_point
        )

    def _per_token(self, value: str, chosen: PerToken, zero_point: str, name: str) -> QuantizedValue:
        largest = self.node("ReduceMax", [value, self.integers(-1)], f"{name}.largest", keepdims=1)
        asked = self.node("Mul", [largest, self.scalar(1 / chosen.levels_above)], f"{name}.token_scale.asked")
        column = self.node("Max", [asked, self.scalar(chosen.least_scale)], f"{name}.token_scale")
        # A scale a row costs QuantizeLinear nothing, so this is faster than one scale after a smoothing Mul.
        scale = self.node("Squeeze", [column, self.integers(-1)], f"{name}.token_scale.flat")
        count = self.node("Shape", [scale], f"{name}.tokens")
        zero_points = self.node("Expand", [zero_point, count], f"{name}.zero_points")
        quantized = self.node("QuantizeLinear", [value, scale, zero_points], f"{name}.quantized", axis=0)
        return QuantizedValue(quantized, self.scalar(1.0), zero_point, column)

    def _product(self, quantized: QuantizedValue, weight: Rounded, bias: Array | None, name: str) -> str:
        values, scales = self.weight(f"{name}.weight", weight.values), self.weight(f"{name}.weight.scale", weight.scale)
        inputs = [quantized.value, values, quantized.scale, scales, quantized.zero_point, ""]
        inputs += [] if bias is None else [self.weight(f"{name}.bias", bias)]
        return self.node("MatMulIntegerToFloat", inputs, name, domain=MICROSOFT)
