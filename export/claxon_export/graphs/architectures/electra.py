"""ELECTRA: weights -> the encoder graph. Clark et al. 2020, https://arxiv.org/abs/2003.10555

BERT's layers behind embeddings that may be narrower than they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claxon_export.graphs.architectures import bert, blocks, factorized
from claxon_export.graphs.architectures.base_model import BaseModel
from claxon_export.graphs.architectures.blocks import EncoderShape, TokenStates, integer
from claxon_export.graphs.writer import Array, GraphWriter


def sizes(config: Mapping[str, Any]) -> EncoderShape:
    """The sizes that config.json tells.

    Raises:
        CheckpointError: as ``bert.sizes``.
    """
    return bert.sizes(config)


def write(writer: GraphWriter, config: Mapping[str, Any], tensors: Mapping[str, Array]) -> TokenStates:
    """Write the encoder's graph, from token ids to token states."""
    shape, model = sizes(config), BaseModel(tensors, "electra.")
    inputs = blocks.graph_inputs(writer)
    hidden = factorized.embeddings(writer, inputs, model, config, shape)
    if integer(config, "embedding_size") != shape.width:
        hidden = factorized.widened(writer, hidden, model, "embeddings_project", config, shape)
    bias = blocks.square(writer, inputs, blocks.mask_bias(writer, inputs))
    layers = (bert.layer_weights(model, f"encoder.layer.{i}") for i in range(shape.layers))
    return blocks.layers(writer, hidden, layers, bias, inputs, shape)
