"""Runs the fp16 graph on the CPU, rounding to float16 after every operator, and records the largest values.

ONNX Runtime runs a float16 graph on the CPU in float32, and where two operators follow each other it leaves the
rounding between them out: so a number that float16 cannot hold would pass unseen. Here every operator that computes is
followed by an output of the graph, which must be float16, and the next operator reads that.
Inside an operator sums are float32, as in CUDA's kernels. What a CUDA kernel rounds inside of itself is not emulated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import GraphVariant
from claxon.bundle.safetensors import read_tensors
from claxon.encoder.encoder import Encoder
from claxon.engine.encoder_session import TOKENIZER_NAME
from claxon.engine.runner import BatchRunner
from claxon.engine.session import Session, default_options, engine, engine_request
from claxon.text.tokenizer import Tokenizer
from claxon_export.errors import ExportError
from claxon_export.fp16.graph_writer import LIMIT
from claxon_export.graphs.writer import Array

# These give numbers that their inputs hold already.
MOVES = frozenset({"Expand", "Gather", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Unsqueeze"})
SIGN_CLEARED = np.uint16(0x7FFF)


@dataclass(frozen=True, slots=True)
class Emulated:
    """A graph that rounds, and the names of the rounded values, which are also outputs."""

    graph: onnx.ModelProto
    rounded: tuple[str, ...]


def emulated(graph: onnx.ModelProto) -> Emulated:
    """Add rounding after every operator that computes in float16."""
    halves = {tensor.name for tensor in graph.graph.initializer if tensor.data_type == TensorProto.FLOAT16}
    nodes, rounded = [], []
    for node in graph.graph.node:
        nodes.append(node)
        if not _gives_float16(node, halves):
            continue
        halves |= set(node.output)
        if node.op_type not in MOVES:
            name = node.output[0]
            node.output[0] = f"{name}.computed"
            nodes.append(helper.make_node("Identity", [node.output[0]], [name], name=f"{name}.rounded"))
            rounded.append(name)
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    graph.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT16, None) for name in rounded)
    return Emulated(graph, tuple(rounded))


def _gives_float16(node: onnx.NodeProto, halves: set[str]) -> bool:
    """All operators that are written have their first input's type, but for ``Cast`` and ``Shape``."""
    if node.op_type == "Cast":
        return bool(next(attribute.i for attribute in node.attribute if attribute.name == "to") == TensorProto.FLOAT16)
    return node.op_type != "Shape" and node.input[0] in halves


class EmulatedSession(Session):
    """Runs an emulated graph, and keeps the largest magnitude of every rounded value."""

    def __init__(self, graph: Emulated, weights: Mapping[str, Array]) -> None:
        """Load it, just as it is written."""
        requested = engine_request("cpu", None)
        options = default_options(requested)
        # The optimizer would take the roundings out.
        options.graph_optimization_level = engine().GraphOptimizationLevel.ORT_DISABLE_ALL
        super().__init__(graph.graph.SerializeToString(), weights, requested, options)
        self._rounded = graph.rounded
        self._largest = dict.fromkeys(graph.rounded, 0)

    @property
    def largest(self) -> dict[str, float]:
        """The largest magnitude of each rounded value in all runs: infinity where one was beyond float16, or NaN."""
        return {name: _magnitude(bits) for name, bits in self._largest.items()}

    def run(self, outputs: Sequence[str], feeds: Mapping[str, Array]) -> list[Array]:
        """As ``Session.run``."""
        results = super().run([*outputs, *self._rounded], feeds)
        for name, values in zip(self._rounded, results[len(outputs) :], strict=True):
            self._largest[name] = max(self._largest[name], _largest_bits(name, values))
        return results[: len(outputs)]


def _largest_bits(name: str, values: Array) -> int:
    """The bits of the largest magnitude. Bits without a sign are ordered as the numbers are, NaN beyond infinity."""
    if values.dtype != np.float16:
        raise ExportError(f"{name} of the fp16 graph is {values.dtype}, expected float16")
    return int((values.view(np.uint16) & SIGN_CLEARED).max(initial=0))


def _magnitude(bits: int) -> float:
    return float(np.array(bits, np.uint16).view(np.float16))


def beyond(largest: Mapping[str, float]) -> tuple[str, ...]:
    """Return the values that float16 cannot represent."""
    return tuple(name for name, magnitude in largest.items() if not magnitude <= LIMIT)


def emulation(bundle: Bundle, variant: GraphVariant) -> EmulatedSession:
    """Create a session of the bundle's fp16 graph."""
    graph = onnx.ModelProto.FromString(bundle.read(variant.graph).tobytes())
    weights = {} if variant.weights is None else read_tensors(bundle.read(variant.weights))
    return EmulatedSession(emulated(graph), weights)


def emulating_encoder(bundle: Bundle, variant: GraphVariant, session: Session) -> Encoder:
    """The bundle's encoder on that session; NaN are the comparison's to find."""
    spec = bundle.manifest.encoder
    tokenizer = Tokenizer(
        bundle.read(TOKENIZER_NAME).tobytes(),
        max_tokens=spec.max_tokens,
        prompt=spec.prompt,
        truncation_side=spec.truncation_side,
    )
    runner = BatchRunner(session, spec, workers=1, refuses_nan=False)
    return Encoder(bundle, tokenizer, runner, variant, spec.max_tokens)
