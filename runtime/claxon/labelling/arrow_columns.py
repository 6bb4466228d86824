"""Columns of numpy arrays -> columns of Arrow, each of one type whatever rows it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from claxon.bundle.manifest import LabelValue, ScoreKind
from claxon.formats.arrow import arrow
from claxon.labelling.columns import label_kind
from claxon.labelling.labeller import EMBEDDING, ERROR, TRUNCATED, Array, ColumnSpec
from claxon.text.inputs import OnError

if TYPE_CHECKING:
    from pyarrow import Array as ArrowArray
    from pyarrow import Schema


def label_type(labels: Sequence[LabelValue], scores: ScoreKind = ScoreKind.PROBABILITY) -> Any:
    """The Arrow type of a column of labels; of lists where each text may have several."""
    pa = arrow()
    one = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}[label_kind(labels)]
    return pa.list_(one) if scores is ScoreKind.MULTI_LABEL else one


def plain_labels(labels: Sequence[Any], kind: Any) -> list[Any]:
    """Labels as a column of the type takes them: those of several types as strings.

    Args:
        labels: Of each text its label, a tuple of them, or ``None``.
        kind: What ``label_type`` gave.
    """
    types = arrow().types
    if types.is_list(kind):
        return [None if held is None else plain_labels(held, kind.value_type) for held in labels]
    return [None if label is None else str(label) for label in labels] if types.is_string(kind) else list(labels)


def arrow_schema(wanted: ColumnSpec, *, fixed_size: bool = True) -> Schema:
    """Types of the columns that are added: embeddings are lists of float32, of fixed size or not."""
    pa = arrow()
    fields = {wanted.named(TRUNCATED): pa.bool_()}
    for head in wanted.heads:
        names = wanted.names[head.name]
        fields |= {names.label: label_type(head.labels, head.scores), names.score: pa.float32()}
    if wanted.feature is not None:
        fields[wanted.named(EMBEDDING)] = pa.list_(pa.float32(), wanted.width if fixed_size else -1)
    if wanted.on_error is OnError.RECORD:
        fields[wanted.named(ERROR)] = pa.string()
    return pa.schema([(name, fields[name]) for name in wanted.columns])


def arrow_columns(columns: Mapping[str, Array], schema: Schema) -> list[ArrowArray]:
    """The columns in the schema's order; what numpy has as NaN or ``None`` is null."""
    return [_column(columns[field.name], field.type) for field in schema]


def _column(values: Array, kind: Any) -> Any:
    pa = arrow()
    if values.ndim == 2:
        return _lists(values, kind)
    if pa.types.is_floating(kind) and values.dtype != object:
        return pa.array(values, kind, mask=np.isnan(values))
    return pa.array(plain_labels(values.tolist(), kind), kind)


def _lists(values: Array, kind: Any) -> Any:
    """Rows of a matrix as lists; a row of NaN is null. Shape of ``values``: ``(texts, width)``."""
    pa = arrow()
    is_null = np.isnan(values).any(axis=1)
    flat = pa.array(np.ascontiguousarray(values).ravel(), kind.value_type)
    if pa.types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(flat, type=kind, mask=pa.array(is_null))
    ends = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
    return pa.ListArray.from_arrays(pa.array(ends), flat, type=kind, mask=pa.array(is_null))
