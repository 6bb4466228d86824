"""What goes wrong while measuring; ``claxon.errors`` has the root."""

from __future__ import annotations

from claxon.errors import ClaxonError


class BenchmarkError(ClaxonError, RuntimeError):
    """Nothing could be measured, or what was measured cannot be read."""


class EngineFailure(ClaxonError, RuntimeError):  # noqa: N818 - it is a result: the engine's row says why it is empty
    """An engine could not start, or ended early; the message says why, in one line."""
