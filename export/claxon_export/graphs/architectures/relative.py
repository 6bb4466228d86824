"""DeBERTa's disentangled attention: what queries and keys say of distances, as a bias of the scores.

A layer's two tables, what each distance's embedding is as a key and as a query, do not depend on the text: they are
constants. A text of ``n`` tokens has ``2 n - 1`` distances, so that many rows are multiplied, and every row of the
product is moved to its token's place by reading it from further ahead, which needs no index for each pair. He et al.
2020, https://arxiv.org/abs/2006.03654, section 3.1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon_export.graphs.architectures.base_model import BaseModel
from claxon_export.graphs.architectures.blocks import EncoderShape, GraphInputs, integer
from claxon_export.graphs.writer import Array, GraphWriter

CONTENT_TO_POSITION, POSITION_TO_CONTENT = "c2p", "p2c"


@dataclass(frozen=True, slots=True)
class Shifts:
    """Sizes that every shift needs, int64. Shape: ``(1,)``, or ``(4,)`` of a shape."""

    first: str
    last: str
    tokens: str
    flat: str
    rows: str


@dataclass(frozen=True, slots=True)
class Distances:
    """The distances of a batch of so many tokens, the same in all layers.

    Attributes:
        kinds: ``c2p``, ``p2c`` or both.
        kinds_root: What all scores are divided by, beside the root of a head's width: the root of the number of kinds,
            that of query and key among them.
        is_shared: Whether distances have the projections of query and key, or their own.
        is_normalized: Whether their embeddings are normalized.
        span: Half the number of the embeddings.
        falling, rising: Embedding of each distance, from the largest and from the smallest on; query minus key. int64.
            Shape: ``(2 * tokens,)``.
        sizes: What moving the rows of a product needs.
    """

    kinds: tuple[str, ...]
    kinds_root: float
    is_shared: bool
    is_normalized: bool
    span: int
    falling: str
    rising: str
    sizes: Shifts


@dataclass(frozen=True, slots=True)
class Tables:
    """One layer's projected embeddings, float32; ``None`` for a kind that it has not. Shape: ``(2 * span, width)``."""

    as_key: Array | None
    as_query: Array | None


def distances(
    writer: GraphWriter, inputs: GraphInputs, config: Mapping[str, Any], shape: EncoderShape
) -> Distances | None:
    """The distances between the tokens; ``None`` where the checkpoint knows none."""
    kinds = _kinds(config)
    if not config.get("relative_attention") or not kinds:
        return None
    longest, span = shape.positions, _span(config)
    # From the largest to the smallest; there is one more than there are distances, so that rows shift by one.
    apart = np.arange(longest - 1, -longest - 1, -1)
    buckets = np.clip(bucket(apart, config) + span, 0, 2 * span - 1)
    rising = np.clip(bucket(-apart, config) + span, 0, 2 * span - 1)
    shorter = writer.node("Unsqueeze", [inputs.tokens, writer.integers(0)], "distance.tokens")
    bounds = [
        writer.node("Sub", [writer.integers(longest), shorter], "distance.first"),
        writer.node("Add", [writer.integers(longest), shorter], "distance.last"),
    ]
    falling_table = writer.constant("distance.falling.all", buckets.astype(np.int64))
    rising_table = writer.constant("distance.rising.all", rising.astype(np.int64))
    return Distances(
        kinds=kinds,
        kinds_root=kinds_root(config),
        is_shared=bool(config.get("share_att_key", False)),
        is_normalized="layer_norm" in str(config.get("norm_rel_ebd", "none")).lower(),
        span=span,
        falling=writer.node("Slice", [falling_table, *bounds, writer.integers(0)], "distance.falling"),
        rising=writer.node("Slice", [rising_table, *bounds, writer.integers(0)], "distance.rising"),
        sizes=_shifts(writer, shorter, shape),
    )


def _kinds(config: Mapping[str, Any]) -> tuple[str, ...]:
    stated = config.get("pos_att_type") or ()
    return tuple(kind.strip() for kind in (stated.lower().split("|") if isinstance(stated, str) else stated))


def kinds_root(config: Mapping[str, Any]) -> float:
    """The root of the number of kinds of scores; those of distances count even where the layers leave them out."""
    return math.sqrt(1 + len({*_kinds(config)} & {CONTENT_TO_POSITION, POSITION_TO_CONTENT}))


def _shifts(writer: GraphWriter, tokens: str, shape: EncoderShape) -> Shifts:
    """Rows of ``2 n`` numbers become rows of ``2 n - 1``: each begins one number further ahead than the one before."""
    one, heads = writer.integers(1), writer.integers(shape.attention_heads)
    double = writer.node("Add", [tokens, tokens], "shift.double")
    narrow = writer.node("Sub", [double, one], "shift.row")
    first = writer.node("Sub", [tokens, one], "shift.first")
    length = writer.node("Mul", [tokens, narrow], "shift.length")
    rest, keep = writer.integers(-1), writer.integers(0)
    return Shifts(
        first=first,
        last=writer.node("Add", [first, length], "shift.last"),
        tokens=tokens,
        flat=writer.node("Concat", [keep, heads, rest], "shift.flat", axis=0),
        rows=writer.node("Concat", [keep, heads, tokens, narrow], "shift.rows", axis=0),
    )


def _span(config: Mapping[str, Any]) -> int:
    buckets = config.get("position_buckets", -1)
    return buckets if isinstance(buckets, int) and buckets > 0 else _farthest(config)


def _farthest(config: Mapping[str, Any]) -> int:
    stated = config.get("max_relative_positions", -1)
    return stated if isinstance(stated, int) and stated > 0 else integer(config, "max_position_embeddings")


def bucket(distance: Array, config: Mapping[str, Any]) -> Array:
    """A distance as the embeddings count it: exact when near, logarithmic when far, with its sign. int64."""
    buckets = config.get("position_buckets", -1)
    if not isinstance(buckets, int) or buckets <= 0:
        return distance
    half, away = buckets // 2, np.abs(distance)
    # In float32, as the source computes it: one ulp decides the bucket at its edges.
    farther = np.log(np.maximum(away, half - 1).astype(np.float32) / np.float32(half))
    whole = np.log(np.float32((_farthest(config) - 1) / half))
    logarithmic = np.ceil(farther / whole * np.float32(half - 1)) + half
    return np.where(away <= half, distance, (logarithmic * np.sign(distance)).astype(np.int64))


def tables(model: BaseModel, layer: str, chosen: Distances, shape: EncoderShape) -> Tables:
    """One layer's embeddings of distances as keys and as queries, divided as their scores are."""
    embeddings = model.table("encoder.rel_embeddings.weight", 2 * chosen.span, shape.width)
    if chosen.is_normalized:
        embeddings = _normalized(embeddings, model, shape)
    root = math.sqrt(shape.width // shape.attention_heads)
    prefix = "" if chosen.is_shared else "pos_"
    divisors = {"key": root, "query": root * chosen.kinds_root}
    projected: dict[str, Array | None] = {"key": None, "query": None}
    for role, kind in (("key", CONTENT_TO_POSITION), ("query", POSITION_TO_CONTENT)):
        if kind in chosen.kinds:
            name = f"{layer}.attention.self.{prefix}{role}_proj"
            rows = embeddings @ model[f"{name}.weight"].T + model[f"{name}.bias"]
            projected[role] = (rows / divisors[role]).astype(np.float32)
    return Tables(projected["key"], projected["query"])


def _normalized(rows: Array, model: BaseModel, shape: EncoderShape) -> Array:
    centered = rows - rows.mean(axis=-1, keepdims=True)
    deviation = np.sqrt(np.square(centered).mean(axis=-1, keepdims=True) + shape.layer_norm_epsilon)
    result: Array = centered / deviation * model["encoder.LayerNorm.weight"] + model["encoder.LayerNorm.bias"]
    return result


def bias(
    writer: GraphWriter,
    query: str,
    key: str,
    chosen: Tables,
    distances: Distances,
    shape: EncoderShape,
    name: str,
) -> str:
    """What one layer adds to its scores. Shape: ``(batch, heads, tokens, tokens)``.

    Args:
        query: Already divided by ``kinds_root``. Shape: ``(batch, tokens, width)``.
        key: Shape: ``(batch, tokens, width)``.
    """
    scores = []
    if chosen.as_key is not None:
        scores.append(_said(writer, query, chosen.as_key, distances.falling, distances, shape, f"{name}.c2p"))
    if chosen.as_query is not None:
        said = _said(writer, key, chosen.as_query, distances.rising, distances, shape, f"{name}.p2c")
        scores.append(writer.node("Transpose", [said], f"{name}.p2c.turned", perm=[0, 1, 3, 2]))
    return scores[0] if len(scores) == 1 else writer.node("Add", scores, f"{name}.distance_scores")


def _said(
    writer: GraphWriter, value: str, table: Array, rows: str, distances: Distances, shape: EncoderShape, name: str
) -> str:
    """What each token says of its distance to each other. Shape: ``(batch, heads, tokens, others)``."""
    heads, width = shape.attention_heads, shape.width // shape.attention_heads
    split = writer.reshape(value, writer.integers(0, 0, heads, width), f"{name}.split")
    by_head = writer.node("Transpose", [split], f"{name}.heads", perm=[0, 2, 1, 3])
    chosen = writer.lookup(table, rows, f"{name}.table", f"{name}.rows")
    chosen = writer.reshape(chosen, writer.integers(-1, heads, width), f"{name}.rows.split")
    chosen = writer.node("Transpose", [chosen], f"{name}.rows.heads", perm=[1, 2, 0])
    return _shifted(writer, writer.node("MatMul", [by_head, chosen], f"{name}.product"), distances.sizes, name)


def _shifted(writer: GraphWriter, value: str, sizes: Shifts, name: str) -> str:
    """Row ``i`` from its number ``n - 1 - i`` on: ``(batch, heads, n, 2 n)`` to ``(batch, heads, n, n)``."""
    flat = writer.reshape(value, sizes.flat, f"{name}.flat")
    moved = writer.node("Slice", [flat, sizes.first, sizes.last, writer.integers(2)], f"{name}.moved")
    rows = writer.reshape(moved, sizes.rows, f"{name}.moved.rows")
    return writer.node("Slice", [rows, writer.integers(0), sizes.tokens, writer.integers(3)], f"{name}.scores")
