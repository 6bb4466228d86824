"""A checkpoint and calibration texts -> the int8 graph of a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from claxon.bundle.manifest import GraphVariant, Precision
from claxon.support.progress import progress
from claxon.text.tokenizer import Tokenizer
from claxon_export.checkpoint.checkpoint import Checkpoint
from claxon_export.graphs.encoder_files import write_graph
from claxon_export.int8.graph_writer import Int8Writer
from claxon_export.int8.observation import observe
from claxon_export.int8.plan import quantize_layers
from claxon_export.int8.repetitive import calibrating_repetitions
from claxon_export.parity.parity import calibration_texts

GRAPH_NAME = "encoder.int8.onnx"
WEIGHTS_NAME = "encoder.int8.safetensors"
# Attention grows with the square of the length, and 256 tokens show a layer all that it will see.
MAX_TOKENS = 256
MOST_TEXTS = 8192
# Its states are unlike those of any other text, and a range that leaves them out cuts them.
EMPTY_TEXT = ""


def write_int8(
    checkpoint: Checkpoint,
    folder: Path,
    texts: Sequence[str] = (),
    *,
    token_states: bool = False,
    show_progress_bar: bool = False,
) -> GraphVariant:
    """Write the int8 encoder into ``folder``.

    Args:
        checkpoint: The source.
        folder: Where the graph and its weights are written.
        texts: What the layers are calibrated on, the packaged texts after them; some of them, where there are many.
        token_states: Give the last hidden state of every token out as well.
        show_progress_bar: Draw one on standard error.

    Returns:
        What the manifest says of it, not verified yet.

    Raises:
        CalibrationError: a layer's inputs are no numbers.
        ExportError: ONNX's checker refuses the graph.
    """
    limit = min(checkpoint.max_tokens, MAX_TOKENS)
    tokenizer = Tokenizer(
        checkpoint.tokenizer_json.encode(),
        max_tokens=limit,
        prompt=checkpoint.prompt,
        truncation_side=checkpoint.truncation_side,
    )
    # The caller's texts come before the packaged ones, which show what else there is, as far as there is room.
    tokens = tokenizer([EMPTY_TEXT, *calibrating_repetitions(), *_shuffled(texts), *calibration_texts()])
    observed = observe(checkpoint, tokens)
    with progress(len(observed), unit="layer", is_shown=show_progress_bar, description="quantizing") as bar:
        layers = quantize_layers(observed, lambda: bar.update(1))
    writer = Int8Writer(checkpoint.architecture, layers)
    write_graph(writer, checkpoint, folder, GRAPH_NAME, WEIGHTS_NAME, token_states=token_states)
    return GraphVariant(Precision.INT8, GRAPH_NAME, WEIGHTS_NAME, ("cpu",), (), None)


def _shuffled(texts: Sequence[str]) -> list[str]:
    """In an order that the texts' own does not tell of, the same one every time: a file may be sorted by label."""
    order = np.random.default_rng(0).permutation(len(texts))
    return [texts[row] for row in order[:MOST_TEXTS]]
