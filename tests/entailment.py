"""Tiny checkpoints that judge entailment, with random weights."""

from __future__ import annotations

from pathlib import Path

import claxon_export
from tests.checkpoints import write_checkpoint

NAMES = ("contradiction", "entailment", "neutral")


def write_entailment(folder: Path, architecture: str = "distilbert", labels: tuple[str, ...] = NAMES) -> Path:
    """A folder with the checkpoint in ``source`` and its bundle in ``bundle``."""
    source = write_checkpoint(folder / "source", architecture, labels=labels)
    claxon_export.export(source, folder / "bundle", verify=False)
    return folder
