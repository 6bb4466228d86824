"""Attention to the neighborhood alone, computed block by block, so that time and memory grow with the window.

A long text is cut into blocks as long as the window reaches to one side; a block's queries see its own keys and those
of the blocks beside it. A text of a few windows is one block, which is faster than many small ones. Beltagy et al.
2020, https://arxiv.org/abs/2004.05150, section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from claxon_export.graphs.architectures.blocks import MASKED, GraphInputs
from claxon_export.graphs.writer import GraphWriter

# Texts of up to so many times the reach are one block: then keys are no more than two blocks beside it would add.
ONE_BLOCK = 4
FLOAT = 1


@dataclass(frozen=True, slots=True)
class Window:
    """Which tokens each block reads, the same in all layers.

    Attributes:
        queries: int64. Shape: ``(blocks, block)``.
        keys: int64. Shape: ``(blocks, block and what is beside it)``.
        outside: 1 for a key that a query does not see, float32. Shape: ``(blocks, block, keys)``.
        tokens: Number of tokens, int64. Shape: ``(1,)``.
        batch: Number of texts, int64. Shape: ``(1,)``.
        block, near: Number of a block's queries and keys, int64. Shape: ``(1,)``.
        width: Of a token's state, int64. Shape: ``(1,)``.
    """

    queries: str
    keys: str
    outside: str
    tokens: str
    batch: str
    block: str
    near: str
    width: str


def window(writer: GraphWriter, inputs: GraphInputs, reach: int, width: int) -> Window:
    """The blocks of a batch of so many tokens; a token sees ``reach`` tokens to each side."""
    node, integer, tokens, name = writer.node, writer.integer, inputs.tokens, "window"
    is_long = node("Greater", [tokens, integer(ONE_BLOCK * reach)], f"{name}.is_long")
    block = node("Where", [is_long, integer(reach), tokens], f"{name}.block")
    beside = node("Where", [is_long, integer(reach), integer(0)], f"{name}.beside")
    filled = node("Sub", [node("Add", [tokens, block], f"{name}.end"), integer(1)], f"{name}.last")
    blocks = node("Div", [filled, block], f"{name}.blocks")
    number = node("Range", [integer(0), blocks, integer(1)], f"{name}.number")
    start = node("Unsqueeze", [node("Mul", [number, block], f"{name}.start"), writer.integers(1)], f"{name}.starts")
    within = node("Range", [integer(0), block, integer(1)], f"{name}.within")
    query = node("Add", [start, within], f"{name}.query")
    first = node("Neg", [beside], f"{name}.first")
    around = node("Range", [first, node("Add", [block, beside], f"{name}.behind"), integer(1)], f"{name}.around")
    key = node("Add", [start, around], f"{name}.key")
    last = node("Sub", [tokens, integer(1)], f"{name}.last_token")
    return Window(
        queries=node("Clip", [query, "", last], f"{name}.queries"),
        keys=(keys := node("Clip", [key, integer(0), last], f"{name}.keys")),
        outside=_outside(writer, query, key, keys, reach),
        tokens=node("Unsqueeze", [tokens, writer.integers(0)], f"{name}.tokens"),
        batch=node("Slice", [inputs.shape, writer.integers(0), writer.integers(1)], f"{name}.batch"),
        block=node("Unsqueeze", [block, writer.integers(0)], f"{name}.block_size"),
        near=node("Shape", [around], f"{name}.near"),
        width=writer.integers(width),
    )


def _outside(writer: GraphWriter, query: str, key: str, keys: str, reach: int) -> str:
    """1 where a key is farther than the window reaches, or before the text or behind it."""
    node, name = writer.node, "window"
    queries = node("Unsqueeze", [query, writer.integers(2)], f"{name}.query.column")
    row = node("Unsqueeze", [key, writer.integers(1)], f"{name}.key.row")
    away = node("Abs", [node("Sub", [row, queries], f"{name}.distance")], f"{name}.away")
    far = node("Greater", [away, writer.integer(reach)], f"{name}.is_far")
    inside = node(
        "Unsqueeze", [node("Equal", [key, keys], f"{name}.is_token"), writer.integers(1)], f"{name}.is_inside"
    )
    outside = node("Or", [far, node("Not", [inside], f"{name}.is_beyond")], f"{name}.is_outside")
    return node("Cast", [outside], f"{name}.outside", to=FLOAT)


def bias(writer: GraphWriter, mask: str, near: Window) -> str:
    """What a layer adds to its scores. Shape: ``(batch * blocks, 1, block, keys)``, as the states' type.

    Args:
        mask: ``blocks.mask_bias``.
        near: The window.
    """
    node, name = writer.node, "window"
    far = node("Mul", [near.outside, writer.scalar(MASKED)], f"{name}.far")
    flat = node("Squeeze", [mask, writer.integers(1, 2)], f"{name}.mask.flat")
    padding = node("Gather", [flat, near.keys], f"{name}.mask.keys", axis=1)
    padding = node("Unsqueeze", [padding, writer.integers(2)], f"{name}.mask")
    total = node("Add", [padding, writer.narrowed(far)], f"{name}.bias.batched")
    shape = node("Concat", [writer.integers(-1, 1), near.block, near.near], f"{name}.bias.shape", axis=0)
    return writer.reshape(total, shape, f"{name}.bias")


def attention(writer: GraphWriter, parts: tuple[str, str, str], bias: str, near: Window, heads: int, name: str) -> str:
    """Attention within the window.

    Args:
        parts: Query, key and value. Shape: ``(batch, tokens, width)``.
        bias: As ``bias`` gives it.
        near: The window.
        heads: How many.
        name: The result's.

    Returns:
        Shape: ``(batch, tokens, width)``.
    """
    chosen = zip(parts, (near.queries, near.keys, near.keys), (near.block, near.near, near.near), strict=True)
    query, key, value = (_blocked(writer, part, index, size, near.width) for part, index, size in chosen)
    context = writer.attention(query, key, value, bias, heads, f"{name}.blocked")
    shape = writer.node("Concat", [near.batch, writer.integers(-1), near.width], f"{name}.shape", axis=0)
    joined = writer.reshape(context, shape, f"{name}.joined")
    return writer.node("Slice", [joined, writer.integers(0), near.tokens, writer.integers(1)], name)


def _blocked(writer: GraphWriter, value: str, index: str, size: str, width: str) -> str:
    """``(batch, tokens, width)`` to ``(batch * blocks, size, width)``."""
    gathered = writer.node("Gather", [value, index], f"{value}.gathered", axis=1)
    parts = [writer.integers(-1), size, width]
    return writer.reshape(gathered, writer.node("Concat", parts, f"{value}.blocks", axis=0), f"{value}.blocked")
