"""Token states -> the sentence embedding that modules.json composes: poolings side by side, then steps in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from claxon_export.checkpoint.sentence_modules import DenseStep, LayerNormStep, PoolingMode, SentenceModules, Step
from claxon_export.graphs.architectures.blocks import TokenStates
from claxon_export.graphs.writer import MICROSOFT, Array, GraphWriter

FLOAT, INT64 = 1, 7
# Below every state, and finite: what padding is where the largest is looked for.
LOWEST = -3.0e38


def write_sentence_embedding(
    writer: GraphWriter, states: TokenStates, modules: SentenceModules, truncate_dim: int | None
) -> str:
    """The sentence embedding as the source has it. Shape: ``(batch, columns)``.

    Args:
        writer: Of the graph.
        states: The last hidden states, float32.
        modules: What comes after them.
        truncate_dim: Columns that are kept; None for all.
    """
    mask = writer.node("Cast", [states.attention_mask], "sentence.mask.float", to=FLOAT)
    mask = writer.node("Unsqueeze", [mask, writer.integers(2)], "sentence.mask")
    parts = [_POOLINGS[mode](writer, states, mask, f"sentence.{mode}") for mode in modules.modes]
    value = parts[0] if len(parts) == 1 else writer.node("Concat", parts, "sentence.pooled", axis=1)
    for number, step in enumerate(modules.steps):
        value = _step(writer, value, step, f"sentence.step.{number}")
    if truncate_dim is not None:
        bounds = [writer.integers(0), writer.integers(truncate_dim), writer.integers(1)]
        value = writer.node("Slice", [value, *bounds], "sentence.truncated")
    return value


def _cls(writer: GraphWriter, states: TokenStates, _mask: str, name: str) -> str:
    return writer.node("Gather", [states.value, writer.integer(0)], name, axis=1)


def _max(writer: GraphWriter, states: TokenStates, mask: str, name: str) -> str:
    is_token = writer.node("Cast", [mask], f"{name}.tokens", to=9)
    shown = writer.node("Where", [is_token, states.value, writer.scalar(LOWEST)], f"{name}.shown")
    return writer.node("ReduceMax", [shown, writer.integers(1)], name, keepdims=0)


def _mean(writer: GraphWriter, states: TokenStates, mask: str, name: str) -> str:
    return _weighted(writer, states, mask, name)


def _mean_sqrt_len(writer: GraphWriter, states: TokenStates, mask: str, name: str) -> str:
    total = _sum(writer, writer.node("Mul", [states.value, mask], f"{name}.shown"), f"{name}.total")
    root = writer.node("Sqrt", [_sum(writer, mask, f"{name}.count")], f"{name}.root")
    return writer.node("Div", [total, root], name)


def _weighted_mean(writer: GraphWriter, states: TokenStates, mask: str, name: str) -> str:
    """Each token by its place, from 1 on."""
    places = writer.node("CumSum", [mask, writer.integer(1)], f"{name}.places")
    return _weighted(writer, states, writer.node("Mul", [places, mask], f"{name}.weights"), name)


def _last(writer: GraphWriter, states: TokenStates, mask: str, name: str) -> str:
    """The last token's; texts are padded at their end."""
    places = writer.node("CumSum", [mask, writer.integer(1)], f"{name}.places")
    count = _sum(writer, mask, f"{name}.count")
    count = writer.node("Unsqueeze", [count, writer.integers(1)], f"{name}.count.token")
    is_last = writer.node("Equal", [places, count], f"{name}.is_last")
    weights = writer.node("Mul", [writer.node("Cast", [is_last], f"{name}.one", to=FLOAT), mask], f"{name}.weights")
    return _sum(writer, writer.node("Mul", [states.value, weights], f"{name}.shown"), name)


def _weighted(writer: GraphWriter, states: TokenStates, weights: str, name: str) -> str:
    total = _sum(writer, writer.node("Mul", [states.value, weights], f"{name}.shown"), f"{name}.total")
    return writer.node("Div", [total, _sum(writer, weights, f"{name}.weight")], name)


def _sum(writer: GraphWriter, value: str, name: str) -> str:
    """Over tokens. Shape: ``(batch, tokens, columns)`` to ``(batch, columns)``."""
    return writer.node("ReduceSum", [value, writer.integers(1)], name, keepdims=0)


_POOLINGS: Mapping[PoolingMode, Callable[[GraphWriter, TokenStates, str, str], str]] = {
    PoolingMode.CLS: _cls,
    PoolingMode.MAX: _max,
    PoolingMode.MEAN: _mean,
    PoolingMode.MEAN_SQRT_LEN: _mean_sqrt_len,
    PoolingMode.WEIGHTED_MEAN: _weighted_mean,
    PoolingMode.LAST: _last,
}


def _step(writer: GraphWriter, value: str, step: Step, name: str) -> str:
    if isinstance(step, DenseStep):
        weight = _wide(writer, f"{name}.weight", step.weight().T)
        linear = writer.node("Gemm", [value, weight, _wide(writer, f"{name}.bias", step.bias())], f"{name}.linear")
        return _activated(writer, linear, step.activation, name)
    if isinstance(step, LayerNormStep):
        inputs = [value, _wide(writer, f"{name}.weight", step.weight()), _wide(writer, f"{name}.bias", step.bias())]
        return writer.node("LayerNormalization", inputs, name, axis=-1, epsilon=step.epsilon)
    return unit_norm(writer, value, name)


def _wide(writer: GraphWriter, name: str, value: Array) -> str:
    """A weight in float32, however it is stored."""
    return writer.widened(writer.weight(name, value))


def _activated(writer: GraphWriter, value: str, activation: str, name: str) -> str:
    if activation == "Identity":
        return value
    domain = MICROSOFT if activation == "Gelu" else ""
    return writer.node(activation, [value], name, domain=domain)


def unit_norm(writer: GraphWriter, value: str, name: str) -> str:
    """``x / max(|x|, 1e-12)``, as ``torch.nn.functional.normalize``."""
    norm = writer.node("ReduceL2", [value, writer.integers(1)], f"{name}.norm", keepdims=1)
    norm = writer.node("Max", [norm, writer.scalar(1e-12)], f"{name}.norm.positive")
    return writer.node("Div", [value, norm], f"{name}.unit")
