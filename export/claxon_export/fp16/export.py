"""Writes the fp16 graph of a bundle from a checkpoint."""

from __future__ import annotations

from pathlib import Path

from claxon.bundle.manifest import GraphVariant, Precision
from claxon_export.checkpoint.checkpoint import Checkpoint
from claxon_export.fp16.graph_writer import Float16Writer
from claxon_export.graphs.encoder_files import write_graph

GRAPH_NAME = "encoder.fp16.onnx"
WEIGHTS_NAME = "encoder.fp16.safetensors"
# CPUs have hardly a kernel for float16: they would convert before and after every operator.
DEVICES = ("cuda",)


def write_fp16(checkpoint: Checkpoint, folder: Path, *, token_states: bool = False) -> GraphVariant:
    """Write the fp16 encoder into ``folder``.

    Args:
        checkpoint: The source.
        folder: Where the graph and its weights are written.
        token_states: Also output the last hidden state of every token.

    Returns:
        What the manifest says of it, not verified yet.

    Raises:
        CheckpointError: float16 cannot hold a weight.
        ExportError: ONNX's checker refuses the graph.
    """
    writer = Float16Writer(checkpoint.architecture)
    write_graph(writer, checkpoint, folder, GRAPH_NAME, WEIGHTS_NAME, token_states=token_states)
    return GraphVariant(Precision.FP16, GRAPH_NAME, WEIGHTS_NAME, DEVICES, (), None)
