"""Bundles that were changed and sealed again, so that only a comparison with their source can notice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from claxon.bundle.bundle import Bundle
from claxon_export.bundle.seal import seal
from claxon_export.checkpoint.checkpoint import open_checkpoint
from claxon_export.errors import Failure, ParityReport
from claxon_export.parity.parity import Gate, parity_report


def change_file(bundle: Path, name: str, change: Callable[[Path], None]) -> None:
    """Change a file and seal the bundle again, so that only the gate can notice."""
    manifest = Bundle.open(bundle).manifest
    change(bundle / name)
    seal(bundle, manifest.encoder, manifest.heads, manifest.provenance)


def change_weight(bundle: Path, name: str, change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> None:
    """Change one tensor of the encoder."""

    def rewrite(path: Path) -> None:
        tensors = load_file(path)
        save_file(tensors | {name: change(tensors[name])}, path)

    change_file(bundle, "encoder.safetensors", rewrite)


def report(source: Path, bundle: Path, gate: Gate | None = None) -> ParityReport:
    """What the gate says of a bundle."""
    return parity_report(open_checkpoint(source), bundle, (), gate or Gate())


def outputs_of(failures: tuple[Failure, ...]) -> set[str]:
    """The outputs that differ."""
    return {failure.output for failure in failures}
