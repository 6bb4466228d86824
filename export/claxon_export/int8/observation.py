"""Calibration texts through the fp32 graph -> the inputs of every linear layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.linalg.blas import ssyrk

from claxon.engine.session import Session, engine_request
from claxon.text.tokens import Tokens
from claxon_export.checkpoint.checkpoint import Checkpoint
from claxon_export.graphs.architectures import architecture
from claxon_export.graphs.writer import Array, GraphWriter

# Tokens of all texts that are run. One minus the cosine to fp32 on 200 tweets, all-MiniLM-L6-v2: 0.00066 with 8,192,
# 0.00063 with 16,384, 0.00060 with 32,768, which takes twice as long.
MAX_TOKENS = 16_384
# Tokens whose inputs are kept, to choose ranges by; of the others only the products are summed.
SAMPLED_TOKENS = 4096
# Inputs that wait to be multiplied together: fewer make slow products, more take memory.
WAITING_TOKENS = 1024


@dataclass(frozen=True, slots=True)
class Observed:
    """One linear layer, and what it was given.

    Attributes:
        inputs: Of some tokens, float16. Shape: ``(tokens, in)``.
        weight: float32, as the product takes it. Shape: ``(in, out)``.
        bias: float32. Shape: ``(out,)``.
        curvature: ``x.T @ x`` of all tokens, ``x`` being the inputs less their mean, float32: what a bias can make good
            counts for nothing. Shape: ``(in, in)``.
    """

    inputs: Array
    weight: Array
    bias: Array
    curvature: Array


class ObservingWriter(GraphWriter):
    """Writes the fp32 graph, with the input of each linear layer as one more output."""

    has_first_token_path = False

    def __init__(self, name: str) -> None:
        """Begin an empty graph."""
        super().__init__(name)
        self.layers: dict[str, tuple[Array, Array]] = {}
        self.calls: dict[str, str] = {}

    def linear(self, value: str, weight: Array, bias: Array, name: str) -> str:
        """As ``GraphWriter.linear``; its input leaves the graph under the layer's name."""
        self.output(value, name, ["tokens", weight.shape[1]])
        self.calls[name] = self.owner(name)
        self.layers[self.owner(name)] = (weight, bias)
        return super().linear(value, weight, bias, f"{name}.product")


def observe(checkpoint: Checkpoint, tokens: Tokens) -> dict[str, Observed]:
    """What every linear layer of the checkpoint sees on these texts, each text run alone.

    Args:
        checkpoint: The source.
        tokens: The calibration texts; inputs of the first are kept in any case.
    """
    writer = ObservingWriter(checkpoint.architecture)
    architecture(checkpoint.architecture).write(writer, checkpoint.config, checkpoint.weights)
    nowhere = {name: (0, array.nbytes) for name, array in writer.weights.items()}
    graph = writer.model("weights", nowhere, {}).SerializeToString()
    session = Session(graph, writer.weights, engine_request("cpu", None))
    widths = {name: weight.shape[1] for name, (weight, _) in writer.layers.items()}
    inputs = _run(session, widths, writer.calls, tokens)
    return {
        name: Observed(inputs[name].kept(), np.ascontiguousarray(weight.T), bias, inputs[name].curvature)
        for name, (weight, bias) in writer.layers.items()
    }


class _Inputs:
    """The inputs of one layer as they come: some are kept, of all the products are summed."""

    def __init__(self, width: int) -> None:
        self.curvature: Array
        self._lower = np.zeros((width, width), np.float32, order="F")
        self._origin: Array | None = None
        self._sum, self._count = np.zeros(width, np.float64), 0
        self._kept: list[Array] = []
        self._waiting: list[Array] = []

    def add(self, values: Array, is_kept: Array) -> None:
        """Shapes: ``(tokens, in)`` and ``(tokens,)``."""
        self._kept.append(values[is_kept].astype(np.float16))
        self._waiting.append(values)
        if sum(map(len, self._waiting)) >= WAITING_TOKENS:
            self._multiply()

    def finish(self) -> None:
        """After the last: the curvature is that about the mean."""
        if self._waiting:
            self._multiply()
        lower = np.tril(self._lower)
        self.curvature = lower + np.tril(lower, -1).T - np.outer(self._sum, self._sum / self._count).astype(np.float32)

    def _multiply(self) -> None:
        rows = np.concatenate(self._waiting)
        self._waiting.clear()
        # About the first ones' mean: about zero, channels far from it would leave few digits for what they differ by.
        if self._origin is None:
            self._origin = rows.mean(axis=0)
        rows -= self._origin
        self._sum += rows.sum(axis=0)
        self._count += len(rows)
        # One triangle of the product is half of its work.
        self._lower = ssyrk(1.0, rows.T, beta=1.0, c=self._lower, lower=1, overwrite_c=1)

    def kept(self) -> Array:
        """float16. Shape: ``(tokens, in)``."""
        return np.concatenate(self._kept)


def _run(
    session: Session, widths: Mapping[str, int], calls: Mapping[str, str], tokens: Tokens
) -> Mapping[str, _Inputs]:
    """What each layer is given, in all of its calls."""
    inputs = {name: _Inputs(width) for name, width in widths.items()}
    bounds = _bounds(tokens)
    is_kept = _chosen(bounds[-1], first=bounds[1])
    for start, end in pairwise(bounds):
        feeds = {"input_ids": tokens.input_ids[None, start:end], "attention_mask": np.ones((1, end - start), np.int64)}
        for name, values in zip(calls.values(), session.run(tuple(calls), feeds), strict=True):
            inputs[name].add(values, is_kept[start:end])
    for layer in inputs.values():
        layer.finish()
    return inputs


def _bounds(tokens: Tokens) -> list[int]:
    """Where each text begins, and the last one ends, of as many as ``MAX_TOKENS`` allow; the first in any case."""
    bounds = [*tokens.starts.tolist(), len(tokens.input_ids)]
    return [bound for position, bound in enumerate(bounds) if position <= 1 or bound <= MAX_TOKENS]


def _chosen(n_tokens: int, first: int) -> Array:
    """Which tokens are kept, the same ones every time, all of the first text among them. Shape: ``(tokens,)``, bool."""
    is_kept = np.zeros(n_tokens, bool)
    is_kept[np.random.default_rng(0).permutation(n_tokens)[:SAMPLED_TOKENS]] = True
    is_kept[:first] = True
    return is_kept
