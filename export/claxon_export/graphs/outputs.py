"""The encoder graph's end: token states -> pooled features, the graph's outputs."""

from __future__ import annotations

from claxon_export.graphs.architectures.blocks import TokenStates
from claxon_export.graphs.writer import GraphWriter

TOKEN_STATES = "token_states"


def write_outputs(
    writer: GraphWriter, states: TokenStates, width: int, pooling: str | None, *, token_states: bool
) -> None:
    """The pooled features and, where they are asked for, the token states."""
    write_features(writer, states, width, pooling)
    if token_states:
        write_token_states(writer, states, width)


def write_features(writer: GraphWriter, states: TokenStates, width: int, pooling: str | None) -> None:
    """``cls``, masked ``mean`` and, where ``pooling`` names one of them, unit-norm ``embedding``."""
    cls = states.first or writer.node("Gather", [states.value, writer.integer(0)], "pooling.cls", axis=1)
    mean = _mean(writer, states)
    writer.output(cls, "cls", ["batch", width])
    writer.output(mean, "mean", ["batch", width])
    if pooling is not None:
        writer.output(_unit_norm(writer, {"cls": cls, "mean": mean}[pooling]), "embedding", ["batch", width])


def write_token_states(writer: GraphWriter, states: TokenStates, width: int) -> None:
    """The last hidden state of every token, padding included. Shape: ``(batch, tokens, width)``."""
    writer.output(states.value, TOKEN_STATES, ["batch", "tokens", width])


def _mean(writer: GraphWriter, states: TokenStates) -> str:
    """Sum over tokens, padding left out, by their number. The sum is a product with the mask: one pass."""
    mask = writer.node("Cast", [states.attention_mask], "pooling.mask", to=1)
    row = writer.node("Unsqueeze", [mask, writer.integers(1)], "pooling.mask.row")
    total = writer.node("MatMul", [row, states.value], "pooling.sum")
    total = writer.node("Squeeze", [total, writer.integers(1)], "pooling.sum.squeezed")
    count = writer.node("ReduceSum", [mask, writer.integers(1)], "pooling.count", keepdims=1)
    return writer.node("Div", [total, count], "pooling.mean")


def _unit_norm(writer: GraphWriter, value: str) -> str:
    """``x / max(|x|, 1e-12)``, as ``torch.nn.functional.normalize``."""
    norm = writer.node("ReduceL2", [value, writer.integers(1)], "embedding.norm", keepdims=1)
    norm = writer.node("Max", [norm, writer.scalar(1e-12)], "embedding.norm.positive")
    return writer.node("Div", [value, norm], "embedding.unit")
