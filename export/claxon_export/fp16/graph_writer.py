"""The same layers as ``GraphWriter``'s, in float16 and with the operators that CUDA fuses."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from claxon_export.errors import CheckpointError
from claxon_export.graphs.writer import MICROSOFT, Activation, Array, Dense, GraphWriter, Norm

# The largest float16.
LIMIT = 65_504.0
FUSED_WITH_BIAS = {Activation.GELU: "BiasGelu", Activation.GELU_TANH: "FastGelu"}


class Float16Writer(GraphWriter):
    """Weights and token states are float16; inputs stay int64, and pooling and outputs float32.

    Sums over tokens and norms so cannot overflow; CUDA's kernels add up products, means and softmax in float32
    themselves (``SkipLayerNormalization`` when it is told to: ``claxon.engine.providers.cuda_options``).
    """

    def weight(self, name: str, value: Array) -> str:
        """As ``GraphWriter.weight``, in float16.

        Raises:
            CheckpointError: float16 cannot hold a number of it.
        """
        largest = float(np.abs(value).max(initial=0))
        if not largest <= LIMIT:
            raise CheckpointError(
                f"{name} contains {largest:g}, but float16 ends at {LIMIT:,.0f}; export it with --precision fp32"
            )
        return super().weight(name, value.astype(np.float16))

    def activated(self, value: str, layer: Dense, activation: Activation, name: str) -> str:
        """As ``GraphWriter.activated``; the bias is added with the activation, which saves a pass over memory."""
        if activation not in FUSED_WITH_BIAS:
            return super().activated(value, layer, activation, name)
        inputs = [self._product(value, layer), self.weight(f"{layer.name}.bias", layer.bias)]
        return self.node(FUSED_WITH_BIAS[activation], inputs, name, domain=MICROSOFT)

    def residual(self, value: str, layer: Dense, skipped: str, norm: Norm) -> str:
        """As ``GraphWriter.residual``; bias, sum and norm are one operator."""
        scale, shift = self.weight(f"{norm.name}.weight", norm.weight), self.weight(f"{norm.name}.bias", norm.bias)
        inputs = [self._product(value, layer), skipped, scale, shift, self.weight(f"{layer.name}.bias", layer.bias)]
        return self.node("SkipLayerNormalization", inputs, norm.name, domain=MICROSOFT, epsilon=norm.epsilon)

    def narrowed(self, value: str) -> str:
        """As ``GraphWriter.narrowed``: float16."""
        return self.node("Cast", [value], f"{value}.narrowed", to=TensorProto.FLOAT16)

    def widened(self, value: str) -> str:
        """As ``GraphWriter.widened``: float32."""
        return self.node("Cast", [value], f"{value}.widened", to=TensorProto.FLOAT)

    def _product(self, value: str, layer: Dense) -> str:
        return self.node("MatMul", [value, self.weight(f"{layer.name}.weight", layer.weight.T)], layer.name)
