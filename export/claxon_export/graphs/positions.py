"""Positions that are counted over the tokens that are not the padding token, as RoBERTa's and MPNet's are."""

from __future__ import annotations

from claxon_export.graphs.architectures.blocks import GraphInputs
from claxon_export.graphs.writer import Array, GraphWriter

INT64 = 7


def position_ids(writer: GraphWriter, inputs: GraphInputs, padding_id: int) -> str:
    """Each token's row of the position table; the padding token's, wherever it stands, is ``padding_id``.

    Args:
        writer: Of the graph.
        inputs: The graph's inputs.
        padding_id: The padding token's id, which is its row of the table too.

    Returns:
        int64. Shape: ``(batch, tokens)``.
    """
    absent = writer.node("Equal", [inputs.input_ids, writer.integer(padding_id)], "position_ids.padding")
    is_token = writer.node("Not", [absent], "position_ids.tokens")
    present = writer.node("Cast", [is_token], "position_ids.present", to=INT64)
    count = writer.node("CumSum", [present, writer.integer(1)], "position_ids.count")
    count = writer.node("Mul", [count, present], "position_ids.count.tokens")
    return writer.node("Add", [count, writer.integer(padding_id)], "position_ids")


def embeddings(writer: GraphWriter, inputs: GraphInputs, words: Array, positions: Array, padding_id: int) -> str:
    """Word rows plus position rows. Shape: ``(batch, tokens, width)``.

    Args:
        writer: Of the graph.
        inputs: The graph's inputs.
        words: Shape: ``(vocabulary, width)``.
        positions: The whole table, the padding token's row included. Shape: ``(rows, width)``.
        padding_id: The padding token's id, which is its row of the table too.
    """
    word = writer.lookup(words, inputs.input_ids, "embeddings.word", "embeddings.words")
    rows = position_ids(writer, inputs, padding_id)
    position = writer.node("Gather", [writer.weight("embeddings.position", positions), rows], "embeddings.positions")
    return writer.node("Add", [word, position], "embeddings.sum")
