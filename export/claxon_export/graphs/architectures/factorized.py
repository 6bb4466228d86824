"""Embeddings narrower than the layers, and the linear layer from one width to the other: ELECTRA's and ALBERT's.

Lan et al. 2019, https://arxiv.org/abs/1909.11942, section 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures import bert, blocks
from claxon_export.graphs.architectures.base_model import BaseModel
from claxon_export.graphs.architectures.blocks import EncoderShape, GraphInputs, integer
from claxon_export.graphs.writer import GraphWriter, Norm


def embeddings(
    writer: GraphWriter, inputs: GraphInputs, model: BaseModel, config: Mapping[str, Any], shape: EncoderShape
) -> str:
    """Word, position and first token type's rows, normalized. Shape: ``(batch * tokens, embedding_size)``."""
    narrow = integer(config, "embedding_size")
    words = model.table("embeddings.word_embeddings.weight", shape.vocab_size, narrow)
    positions = model.table("embeddings.position_embeddings.weight", shape.positions, narrow)
    # One text has one token type, so its row is a constant; it goes into the positions.
    types = model["embeddings.token_type_embeddings.weight"]
    hidden = bert.typed(writer, blocks.embeddings(writer, inputs, words, positions + types[0]), types)
    hidden = blocks.flatten(writer, hidden, narrow, "embeddings.flat")
    weight, bias = model["embeddings.LayerNorm.weight"], model["embeddings.LayerNorm.bias"]
    return writer.layer_norm(hidden, Norm("embeddings.norm", weight, bias, shape.layer_norm_epsilon))


def widened(
    writer: GraphWriter, value: str, model: BaseModel, name: str, config: Mapping[str, Any], shape: EncoderShape
) -> str:
    """The embeddings as wide as the layers. Shape: ``(batch * tokens, width)``.

    Args:
        value: Shape: ``(batch * tokens, embedding_size)``.
        name: The linear layer's in the checkpoint.

    Raises:
        CheckpointError: it has another shape than config.json says.
    """
    weight, bias = model.table(f"{name}.weight", shape.width, integer(config, "embedding_size")), model[f"{name}.bias"]
    if bias.shape != (shape.width,):
        raise CheckpointError(f"{name}.bias has shape {bias.shape}, config.json says {(shape.width,)}")
    return writer.linear(value, weight, bias, "embeddings.projection")
