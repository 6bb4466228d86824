"""The encoder graph's end: token states -> pooled features, the graph's outputs."""

from __future__ import annotations

from dataclasses import dataclass

from claxon_export.checkpoint.checkpoint import Checkpoint
from claxon_export.checkpoint.sentence import Pooling
from claxon_export.checkpoint.sentence_modules import SentenceModules
from claxon_export.graphs.architectures.blocks import TokenStates
from claxon_export.graphs.sentence_embedding import unit_norm, write_sentence_embedding
from claxon_export.graphs.writer import GraphWriter

TOKEN_STATES = "token_states"


@dataclass(frozen=True, slots=True)
class Sentence:
    """An embedding that modules.json composes, and its columns."""

    modules: SentenceModules
    truncate_dim: int | None
    width: int


def sentence_of(checkpoint: Checkpoint, width: int) -> Sentence | None:
    """What a checkpoint composes; ``None`` where its embedding is a pooling that every graph gives out.

    Args:
        checkpoint: The source.
        width: Of a token's state.
    """
    if checkpoint.pooling is not Pooling.SENTENCE or checkpoint.modules is None:
        return None
    columns = checkpoint.modules.width(width, checkpoint.truncate_dim)
    return Sentence(checkpoint.modules, checkpoint.truncate_dim, columns)


def write_outputs(
    writer: GraphWriter,
    states: TokenStates,
    width: int,
    pooling: str | None,
    *,
    token_states: bool,
    sentence: Sentence | None = None,
) -> None:
    """The pooled features and, where they are asked for, the token states."""
    write_features(writer, states, width, pooling, sentence)
    if token_states:
        write_token_states(writer, states, width)


def write_features(
    writer: GraphWriter, states: TokenStates, width: int, pooling: str | None, sentence: Sentence | None = None
) -> None:
    """``cls``, masked ``mean``, a composed ``sentence`` and, where ``pooling`` names one, unit-norm ``embedding``."""
    cls = states.first or writer.node("Gather", [states.value, writer.integer(0)], "pooling.cls", axis=1)
    mean = _mean(writer, states)
    writer.output(cls, "cls", ["batch", width])
    writer.output(mean, "mean", ["batch", width])
    pooled = {"cls": cls, "mean": mean}
    if sentence is not None:
        pooled["sentence"] = write_sentence_embedding(writer, states, sentence.modules, sentence.truncate_dim)
        width = sentence.width
        writer.output(pooled["sentence"], "sentence", ["batch", width])
    if pooling is not None:
        writer.output(unit_norm(writer, pooled[pooling], "embedding"), "embedding", ["batch", width])


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
