"""RoBERTa, XLM-R and CamemBERT: weights -> the encoder graph. Liu et al. 2019, https://arxiv.org/abs/1907.11692

BERT's layers. Positions are counted over the tokens that are not the padding token, and begin behind its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures import bert, blocks
from claxon_export.graphs.architectures.base_model import BaseModel
from claxon_export.graphs.architectures.blocks import EncoderShape, GraphInputs, TokenStates
from claxon_export.graphs.writer import Array, GraphWriter

# What transformers takes where config.json has none.
PADDING_ID = 1


def sizes(config: Mapping[str, Any]) -> EncoderShape:
    """The sizes that config.json tells.

    Raises:
        CheckpointError: as ``bert.sizes``, and where no row of the position table is left for a token.
    """
    shape, first = bert.sizes(config), padding_id(config) + 1
    if shape.positions <= first:
        raise CheckpointError(
            f"config.json: max_position_embeddings is {shape.positions}, expected more than the {first} rows up to the "
            "padding token's"
        )
    return replace(shape, positions=shape.positions - first)


def write(writer: GraphWriter, config: Mapping[str, Any], tensors: Mapping[str, Array]) -> TokenStates:
    """Write the encoder's graph, from token ids to token states."""
    shape, model = sizes(config), BaseModel(tensors, "roberta.")
    inputs = blocks.graph_inputs(writer)
    words = model.table("embeddings.word_embeddings.weight", shape.vocab_size, shape.width)
    rows = shape.positions + padding_id(config) + 1
    positions = model.table("embeddings.position_embeddings.weight", rows, shape.width)
    # One text has one token type, so its row is a constant; it goes into the positions.
    positions = positions + model["embeddings.token_type_embeddings.weight"][0]
    word = writer.lookup(words, inputs.input_ids, "embeddings.word", "embeddings.words")
    numbers = position_ids(writer, inputs, padding_id(config))
    position = writer.node("Gather", [writer.weight("embeddings.position", positions), numbers], "embeddings.positions")
    hidden = writer.node("Add", [word, position], "embeddings.sum")
    hidden = blocks.embedding_norm(writer, hidden, model, shape)
    bias = blocks.square(writer, inputs, blocks.mask_bias(writer, inputs))
    layers = (bert.layer_weights(model, f"encoder.layer.{i}") for i in range(shape.layers))
    return blocks.layers(writer, hidden, layers, bias, inputs, shape)


def position_ids(writer: GraphWriter, inputs: GraphInputs, padding: int) -> str:
    """Each token's row of the position table; the padding token's, wherever it stands, is its own id.

    Returns:
        int64. Shape: ``(batch, tokens)``.
    """
    absent = writer.node("Equal", [inputs.input_ids, writer.integer(padding)], "position_ids.padding")
    present = writer.node("Cast", [writer.node("Not", [absent], "position_ids.tokens")], "position_ids.present", to=7)
    count = writer.node("CumSum", [present, writer.integer(1)], "position_ids.count")
    count = writer.node("Mul", [count, present], "position_ids.count.tokens")
    return writer.node("Add", [count, writer.integer(padding)], "position_ids")


def padding_id(config: Mapping[str, Any]) -> int:
    """The padding token's id, which is its row of the position table.

    Raises:
        CheckpointError: it is no integer from 0 on.
    """
    value = config.get("pad_token_id", PADDING_ID)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise CheckpointError(f"config.json: pad_token_id is {value!r}, expected an integer from 0 on")
    return value
