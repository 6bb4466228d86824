"""Calibration texts through the fp32 graph -> the inputs of every linear layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from claxon.session import Session, engine_request
from claxon.tokens import Tokens
from claxon_export.architectures import architecture
from claxon_export.checkpoint import Checkpoint
from claxon_export.graph import Array, GraphWriter

# Tokens that are kept, out of all texts: 4,096 determine a layer's 3,072 input channels.
MAX_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Observed:
    """One linear layer, and what it was given.

    Attributes:
        inputs: float16. Shape: ``(tokens, in)``.
        weight: float32, as the product takes it. Shape: ``(in, out)``.
        bias: float32. Shape: ``(out,)``.
    """

    inputs: Array
    weight: Array
    bias: Array


class ObservingWriter(GraphWriter):
    """Writes the fp32 graph, with the input of each linear layer as one more output."""

    def __init__(self, name: str) -> None:
        """Begin an empty graph."""
        super().__init__(name)
        self.layers: dict[str, tuple[Array, Array]] = {}

    def linear(self, value: str, weight: Array, bias: Array, name: str) -> str:
        """As ``GraphWriter.linear``; its input leaves the graph under the layer's name."""
        self.output(value, name, ["tokens", weight.shape[1]])
        self.layers[name] = (weight, bias)
        return super().linear(value, weight, bias, f"{name}.product")


def observe(checkpoint: Checkpoint, tokens: Tokens) -> dict[str, Observed]:
    """What every linear layer of the checkpoint sees on these texts, each text run alone.

    Args:
        checkpoint: The source.
        tokens: The calibration texts.
    """
    writer = ObservingWriter(checkpoint.architecture)
    architecture(checkpoint.architecture).write(writer, checkpoint.config, checkpoint.weights)
    nowhere = {name: (0, array.nbytes) for name, array in writer.weights.items()}
    graph = writer.model("weights", nowhere, {}).SerializeToString()
    session = Session(graph, writer.weights, engine_request("cpu", None))
    rows = _run(session, tuple(writer.layers), tokens)
    return {
        name: Observed(rows[name], np.ascontiguousarray(weight.T), bias)
        for name, (weight, bias) in writer.layers.items()
    }


def _run(session: Session, names: tuple[str, ...], tokens: Tokens) -> Mapping[str, Array]:
    is_kept = _chosen(len(tokens.input_ids))
    kept: dict[str, list[Array]] = {name: [] for name in names}
    bounds = [*tokens.starts.tolist(), len(is_kept)]
    for start, end in pairwise(bounds):
        feeds = {"input_ids": tokens.input_ids[None, start:end], "attention_mask": np.ones((1, end - start), np.int64)}
        for name, values in zip(names, session.run(names, feeds), strict=True):
            kept[name].append(values[is_kept[start:end]].astype(np.float16))
    return {name: np.concatenate(parts) for name, parts in kept.items()}


def _chosen(n_tokens: int) -> Array:
    """Which tokens are kept, the same ones every time. Shape: ``(tokens,)``, bool."""
    is_kept = np.zeros(n_tokens, bool)
    is_kept[np.random.default_rng(0).permutation(n_tokens)[:MAX_TOKENS]] = True
    return is_kept
