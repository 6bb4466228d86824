"""A checkpoint -> the two files of an encoder graph: ``encoder.onnx`` and the weights beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from safetensors import SafetensorError
from safetensors.numpy import save_file

from claxon.bundle.manifest import EncoderSpec, Feature, GraphVariant, Precision
from claxon.bundle.safetensors import read_layout
from claxon.heads.entailment import entailment_column
from claxon_export.checkpoint.checkpoint import Checkpoint
from claxon_export.errors import ExportError
from claxon_export.graphs.architectures import architecture
from claxon_export.graphs.architectures.blocks import EncoderShape
from claxon_export.graphs.outputs import sentence_of, write_outputs
from claxon_export.graphs.writer import Array, GraphWriter

GRAPH_NAME = "encoder.onnx"
WEIGHTS_NAME = "encoder.safetensors"


def write_encoder(checkpoint: Checkpoint, folder: Path, *, token_states: bool = False) -> EncoderSpec:
    """Write the fp32 encoder into ``folder``, and check the graph with ONNX's checker and shape inference.

    Args:
        checkpoint: The source.
        folder: Where the graph and its weights are written.
        token_states: Also output the last hidden state of every token.

    Returns:
        What the manifest says of it.

    Raises:
        UnsupportedArchitectureError: no graph writer exists for the checkpoint's architecture.
        CheckpointError: a tensor is missing, or of another shape than config.json says.
        ExportError: ONNX's checker refuses the graph.
    """
    writer = GraphWriter(checkpoint.architecture)
    shape = write_graph(writer, checkpoint, folder, GRAPH_NAME, WEIGHTS_NAME, token_states=token_states)
    sizes = Sizes(shape.layers, shape.width, shape.attention_heads, shape.vocab_size, parameter_count(writer.weights))
    return encoder_spec(checkpoint, sizes, writer.inputs, token_states=token_states)


def write_graph(
    writer: GraphWriter, checkpoint: Checkpoint, folder: Path, graph: str, weights: str, *, token_states: bool
) -> EncoderShape:
    """Write the encoder as ``writer`` writes it, its weights beside it, and have ONNX's checker look at it.

    Raises:
        UnsupportedArchitectureError, CheckpointError, ExportError: as ``write_encoder``.
    """
    chosen = architecture(checkpoint.architecture)
    shape = chosen.sizes(checkpoint.config)
    writer.takes_token_types = entailment_column(checkpoint.labels or ()) is not None
    states = chosen.write(writer, checkpoint.config, checkpoint.weights)
    sentence = sentence_of(checkpoint, shape.width)
    write_outputs(writer, states, shape.width, checkpoint.pooling, token_states=token_states, sentence=sentence)
    writer.prune()
    write_weights(writer.weights, folder / weights)
    model = writer.model(weights, weight_offsets(folder / weights), {"claxon.source": checkpoint.name})
    (folder / graph).write_bytes(model.SerializeToString(deterministic=True))
    check_graph(folder / graph)
    return shape


def write_weights(weights: Mapping[str, Array], path: Path) -> None:
    """Write tensors as safetensors, with the permissions that the umask gives.

    Raises:
        OSError: the file cannot be written, for instance because the disk is full.
    """
    path.touch()
    mode = path.stat().st_mode
    try:
        save_file(dict(weights), path)
    except SafetensorError as error:
        raise OSError(f"{path.name}: {error}") from error
    path.chmod(mode)  # safetensors replaces the file by one that only its owner can read


@dataclass(frozen=True, slots=True)
class Sizes:
    """An encoder's sizes as the manifest tells them."""

    layers: int
    width: int
    attention_heads: int
    vocab_size: int
    parameters: int


def parameter_count(weights: Mapping[str, Array]) -> int:
    """How many numbers the graph's weights hold."""
    return sum(array.size for array in weights.values())


def encoder_spec(checkpoint: Checkpoint, sizes: Sizes, inputs: tuple[str, ...], *, token_states: bool) -> EncoderSpec:
    """What the manifest says of an fp32 encoder, before it was verified."""
    sentence = sentence_of(checkpoint, sizes.width)
    widths = {Feature.CLS: sizes.width, Feature.MEAN: sizes.width}
    if sentence is not None:
        widths[Feature.SENTENCE] = sentence.width
    if checkpoint.pooling is not None:
        widths[Feature.EMBEDDING] = sentence.width if sentence else sizes.width
    return EncoderSpec(
        architecture=checkpoint.architecture,
        layers=sizes.layers,
        width=sizes.width,
        attention_heads=sizes.attention_heads,
        vocab_size=sizes.vocab_size,
        parameters=sizes.parameters,
        inputs=inputs,
        features=widths,
        pooling=Feature(checkpoint.pooling) if checkpoint.pooling else None,
        default_feature=default_feature(checkpoint),
        token_states=token_states,
        max_tokens=checkpoint.max_tokens,
        pad_id=checkpoint.pad_id,
        prompt=checkpoint.prompt,
        prompts=dict(checkpoint.prompts),
        similarity=checkpoint.similarity,
        truncation_side=checkpoint.truncation_side,
        variants=(GraphVariant(Precision.FP32, GRAPH_NAME, WEIGHTS_NAME, ("cpu", "cuda", "openvino"), (), None),),
    )


def default_feature(checkpoint: Checkpoint) -> Feature | None:
    """What the source gives as its sentence embedding: unit-norm where it normalizes, else as pooled."""
    if checkpoint.pooling is None:
        return None
    return Feature.EMBEDDING if checkpoint.normalize else Feature(checkpoint.pooling)


def weight_offsets(path: Path) -> dict[str, tuple[int, int]]:
    """First byte and number of bytes of each tensor in a safetensors file."""
    content = np.memmap(path, np.uint8, "r")
    layout = read_layout(content)
    return {
        name: (layout.body_offset + entry["data_offsets"][0], entry["data_offsets"][1] - entry["data_offsets"][0])
        for name, entry in layout.entries.items()
    }


def check_graph(path: Path) -> None:
    """Raise ``ExportError`` if ONNX's checker or its strict shape inference refuses the graph."""
    try:
        onnx.checker.check_model(path)
        model = onnx.load(path, load_external_data=False)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ExportError(f"the encoder's graph is not a valid ONNX model: {error}") from error
