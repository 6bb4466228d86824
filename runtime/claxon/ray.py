"""Ray: ``Predictor`` labels the batches of a Ray dataset; ``RayExecutor`` runs a job's shards on a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claxon.integrations.ray import Predictor

if TYPE_CHECKING:
    from claxon.integrations.ray_executor import RayExecutor

__all__ = ["Predictor", "RayExecutor"]


def __getattr__(name: str) -> Any:
    """``RayExecutor``, imported when it is first used: it needs pyarrow, and a ``Predictor`` does not."""
    if name == "RayExecutor":
        from claxon.integrations.ray_executor import RayExecutor

        return RayExecutor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
