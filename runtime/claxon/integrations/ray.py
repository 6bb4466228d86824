"""A bundle on Ray Data: the callable class that ``map_batches`` takes.

>>> dataset.map_batches(
...     claxon.ray.Predictor,
...     fn_constructor_kwargs={"bundle": "/mnt/models/reviews", "text": "review", "heads": ["sentiment"]},
...     compute=ray.data.ActorPoolStrategy(size=4),
...     num_cpus=2,
... )
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claxon.bundle.bundle import Bundle
from claxon.errors import InputError
from claxon.labelling.arrow_columns import arrow_columns, arrow_schema
from claxon.labelling.labeller import Array, ColumnOptions, ColumnPredictor, ColumnSpec, found_bundle, given_heads


class Predictor:
    """Adds labels, scores and embeddings to batches; each actor of Ray loads the bundle once.

    Batches may be of any ``batch_format``: ``numpy``, ``pandas`` or ``pyarrow``. They come back with the columns
    ``predicted_label`` and ``score``, of several heads ``predicted_label_HEAD`` and ``score_HEAD`` of each; with
    ``truncated``; and where they were asked for with ``embedding`` and ``error``. Works without Ray as well.
    """

    def __init__(
        self,
        bundle: str | os.PathLike[str] | Callable[[], str | os.PathLike[str]],
        *,
        text: str = "text",
        heads: str | Sequence[str] | None = None,
        embed: bool = False,
        errors: str = "raise",
        empty: str = "skip",
        prefix: str = "",
        threshold: float | None = None,
        margin: float | None = None,
        threads: int | None = None,
        device: str = "auto",
        precision: str = "auto",
        max_tokens: int | None = None,
        expected_digest: str | None = None,
    ) -> None:
        """Load the bundle; ``fn_constructor_kwargs`` of ``map_batches`` are these.

        Args:
            bundle: Its folder on the actor's node; or a function without arguments that finds it there.
            text: The texts' column.
            heads: The head that answers, or several; ``None`` for the only one, or for none with ``embed``.
            embed: Add the embedding, float32.
            errors: ``raise`` at a row that is no text; or ``record`` it in the column ``error`` and serve the others.
            empty: A row whose text is null, empty or blank: ``skip`` gives it no label, no score and no embedding,
                ``error`` raises, ``label`` labels it as the empty text.
            prefix: Put before the names of the columns that are added.
            threshold: As for ``Classifier.predict``, and so is ``margin``: labels that do not pass are null.
            threads: ``None`` for the actor's ``num_cpus``; where it has none, what affinity and quota allow.
            device: As for ``Encoder.load``, and so are the following.
            precision: One precision for all nodes is best named: ``auto`` goes by each node's processor.
            max_tokens: Cut texts at fewer tokens than the bundle's limit.
            expected_digest: The bundle's digest, as ``claxon inspect`` prints it: no node has another bundle.

        Raises:
            OptionError: an option's value cannot be met.
            BundleError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load``.
        """
        asked = ColumnOptions(
            given_heads(heads), embed, errors, prefix, threshold, margin, device, precision, max_tokens, empty
        )
        opened = Bundle.open(found_bundle(bundle), expected_digest=expected_digest)
        self._text = text
        self._predictor = ColumnPredictor(opened, asked, assigned_threads() if threads is None else threads)

    def __call__(self, batch: Any) -> Any:
        """The batch with the new columns.

        Raises:
            InputError: the batch is of no known format, has no such column, or a row is no text.
            OptionError: the batch has a column of the name of one that is added.
            EngineError: ONNX Runtime failed.
        """
        form = FORMATS.get("numpy" if isinstance(batch, Mapping) else type(batch).__module__.partition(".")[0])
        if form is None:
            raise InputError(f"the batch is a {type(batch).__name__}, expected a batch of {', '.join(FORMATS)}")
        columns = form.names(batch)
        if self._text not in columns:
            raise InputError(f"the batch has no column {self._text!r}, but {', '.join(columns) or 'none'}")
        self._predictor.wanted.check_new(columns)
        return form.extended(batch, self._found(batch[self._text]), self._predictor.wanted)

    def _found(self, texts: Any) -> dict[str, Array]:
        try:
            return self._predictor(texts)
        except InputError as error:
            raise InputError(f"column {self._text!r}: {error}; errors='record' sets such rows apart") from error


def assigned_threads() -> int | None:
    """The processors that Ray assigned to this actor or task, at least 1; ``None`` where there is none, or no Ray."""
    ray = sys.modules.get("ray")  # in an actor it is there, and what is not there has assigned nothing
    if ray is None or not ray.is_initialized():
        return None
    context = ray.get_runtime_context()
    if context.get_actor_id() is None and context.worker.mode != ray.WORKER_MODE:
        return None
    assigned = context.get_assigned_resources().get("CPU", 0.0)
    return max(1, int(assigned)) if assigned > 0 else None


def _with_arrays(batch: Mapping[str, Array], columns: dict[str, Array], _: ColumnSpec) -> dict[str, Array]:
    return {**batch, **columns}


def _with_series(batch: Any, columns: dict[str, Array], _: ColumnSpec) -> Any:
    return batch.assign(**{name: list(array) if array.ndim > 1 else array for name, array in columns.items()})


def _with_arrow(batch: Any, columns: dict[str, Array], wanted: ColumnSpec) -> Any:
    schema = arrow_schema(wanted)
    for field, column in zip(schema, arrow_columns(columns, schema), strict=True):
        batch = batch.append_column(field, column)
    return batch


@dataclass(frozen=True, slots=True)
class BatchFormat:
    """How the columns of a batch are named, and how it gets more of them."""

    names: Callable[[Any], list[str]]
    extended: Callable[[Any, dict[str, Array], ColumnSpec], Any]


# By the library that a batch is of.
FORMATS = {
    "numpy": BatchFormat(list, _with_arrays),
    "pandas": BatchFormat(list, _with_series),
    "pyarrow": BatchFormat(lambda table: list(table.column_names), _with_arrow),
}
