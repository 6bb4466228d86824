"""The columns of a job's parts: those that are kept of the input, then those that are added."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from claxon.errors import OptionError
from claxon.formats.arrow import arrow
from claxon.jobs.plan import Plan


def output_schema(plan: Plan) -> Any:
    """The Arrow schema of the parts."""
    return arrow().ipc.read_schema(arrow().py_buffer(plan.arrow_schema_bytes))


def kept_schema(plan: Plan) -> Any:
    """The Arrow schema of the columns that are kept, which come first in the parts."""
    n_kept = len(plan.input_columns if plan.options.keep is None else plan.options.keep)
    return arrow().schema([output_schema(plan).field(place) for place in range(n_kept)])


def schema_text(schema: Any) -> str:
    """An Arrow schema as Arrow writes it, in base64."""
    return base64.b64encode(schema.serialize().to_pybytes()).decode()


def types_of(schema: Any) -> dict[str, str]:
    """The columns and their types, for people."""
    return {field.name: str(field.type) for field in schema}


def parts_schema(columns: Any, keep: Sequence[str] | None, added: Sequence[Any]) -> Any:
    """The schema of the parts.

    Args:
        columns: The input's Arrow schema.
        keep: The columns to keep, ``None`` for all.
        added: The Arrow fields of the added columns.

    Raises:
        OptionError: a column to keep is not there, or an added one is there already.
    """
    names = columns.names if keep is None else keep
    missing = next((name for name in names if name not in columns.names), None)
    if missing is not None:
        raise OptionError(f"the input has no column {missing!r}, but {', '.join(columns.names)}")
    taken = next((field.name for field in added if field.name in names), None)
    if taken is not None:
        raise OptionError(
            f"the input has a column {taken!r} already; add --prefix claxon_ (prefix=), "
            "or keep other columns with --keep (keep=)"
        )
    return arrow().schema([*(columns.field(name) for name in names), *added])
