"""The texts on which the gate compares a checkpoint with its bundle."""

from __future__ import annotations

from pathlib import Path

from claxon_export.checkpoint.checkpoint import open_checkpoint
from claxon_export.parity.hard_texts import hard_texts
from claxon_export.parity.parity import packaged_texts


def gate_texts(folder: Path) -> list[str]:
    """Those that come with the package, and those made for the checkpoint."""
    return [*packaged_texts(), *hard_texts(open_checkpoint(folder))]
