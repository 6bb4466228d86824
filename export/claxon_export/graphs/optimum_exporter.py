"""The way in for architectures without a graph writer: optimum traces the encoder, the rest is the same bundle."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from onnx import numpy_helper

from claxon.bundle.manifest import EncoderSpec
from claxon.errors import MissingDependencyError
from claxon_export.checkpoint.checkpoint import Checkpoint
from claxon_export.errors import ExportError
from claxon_export.graphs.architectures.blocks import TokenStates
from claxon_export.graphs.encoder_files import (
    GRAPH_NAME,
    WEIGHTS_NAME,
    Sizes,
    check_graph,
    encoder_spec,
    parameter_count,
    weight_offsets,
    write_weights,
)
from claxon_export.graphs.outputs import sentence_of, write_features, write_token_states
from claxon_export.graphs.writer import Array, GraphWriter, external
from claxon_export.requirements import quiet_transformers

# Opset 18 is the oldest in which ReduceL2 takes its axes as an input, as our pooling writes it.
OPSET = 18
HIDDEN_STATES = "last_hidden_state"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
SMALL_BYTES = 1024


def write_encoder(checkpoint: Checkpoint, folder: Path, *, token_states: bool = False) -> EncoderSpec:
    """Trace the encoder with optimum, append the pooling, and move the weights beside the graph.

    Raises:
        MissingDependencyError: optimum is not installed; the message names the extra.
        ExportError: optimum cannot export the architecture, or its graph has an input that the runtime does not know.
    """
    model = _trace(checkpoint)
    width = _width(model)
    inputs = _inputs(model)
    writer, states = GraphWriter("outputs"), TokenStates(HIDDEN_STATES, "attention_mask")
    write_features(writer, states, width, checkpoint.pooling, sentence_of(checkpoint, width))
    if token_states:
        write_token_states(writer, states, width)
    writer.append_to(model)
    weights = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer if len(t.raw_data) > SMALL_BYTES}
    write_weights(weights, folder / WEIGHTS_NAME)
    _refer_to_file(model, weights, folder)
    (folder / GRAPH_NAME).write_bytes(model.SerializeToString(deterministic=True))
    check_graph(folder / GRAPH_NAME)
    sizes = _sizes(checkpoint.config, width, parameter_count(weights))
    return encoder_spec(checkpoint, sizes, inputs, token_states=token_states)


def _trace(checkpoint: Checkpoint) -> onnx.ModelProto:
    try:
        import transformers
        from optimum.exporters.onnx import main_export
    except ImportError as error:
        raise MissingDependencyError(
            f"the optimum exporter needs optimum-onnx, torch and transformers ({error}); pip install 'claxon[optimum]'"
        ) from error
    # What the tracer warns of, constants above all, is for the parity gate to evaluate.
    with tempfile.TemporaryDirectory() as work, quiet_transformers(transformers):
        try:
            main_export(
                str(checkpoint.folder), work, task="feature-extraction", library_name="transformers", opset=OPSET,
                do_validation=False, local_files_only=True, trust_remote_code=False,
            )  # fmt: skip
        except (ValueError, KeyError, OSError, RuntimeError) as error:
            raise ExportError(f"optimum cannot export the architecture {checkpoint.architecture!r}: {error}") from error
        return onnx.load(Path(work) / "model.onnx")


def _width(model: onnx.ModelProto) -> int:
    for value in model.graph.output:
        if value.name == HIDDEN_STATES:
            return int(value.type.tensor_type.shape.dim[-1].dim_value)
    result = ", ".join(value.name for value in model.graph.output)
    raise ExportError(f"optimum's graph gives {result}, expected {HIDDEN_STATES}")


def _inputs(model: onnx.ModelProto) -> tuple[str, ...]:
    names = tuple(value.name for value in model.graph.input)
    unknown = [name for name in names if name not in INPUTS]
    if unknown:
        raise ExportError(f"optimum's graph takes {', '.join(unknown)}, expected only {', '.join(INPUTS)}")
    return names


def _refer_to_file(model: onnx.ModelProto, weights: dict[str, Array], folder: Path) -> None:
    offsets = weight_offsets(folder / WEIGHTS_NAME)
    kept = [tensor for tensor in model.graph.initializer if tensor.name not in weights]
    moved = [external(name, array, WEIGHTS_NAME, offsets[name]) for name, array in weights.items()]
    del model.graph.initializer[:]
    model.graph.initializer.extend([*kept, *moved])


def _sizes(config: Mapping[str, Any], width: int, parameters: int) -> Sizes:
    return Sizes(
        layers=int(config.get("num_hidden_layers") or config.get("n_layers") or 0),
        width=width,
        attention_heads=int(config.get("num_attention_heads") or config.get("n_heads") or 0),
        vocab_size=int(config.get("vocab_size") or 0),
        parameters=parameters,
    )
