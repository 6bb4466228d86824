"""A small bundle with every kind of file that bundles have, made of random weights in a few seconds."""

from __future__ import annotations

import shutil
from pathlib import Path

import claxon
import claxon_export
from tests.checkpoints import write_checkpoint  # the campaign is run from the repository's root
from tests.texts import REVIEWS


def write_small_bundle(folder: Path, seed: int = 0) -> Path:
    """A sentence encoder in fp32 and int8 with a logistic head and one of label names; replaces what is there.

    Args:
        folder: Below it come the checkpoint and the bundle.
        seed: Of the weights.

    Returns:
        The bundle.
    """
    shutil.rmtree(folder, ignore_errors=True)
    checkpoint = write_checkpoint(folder / "checkpoint", "mpnet", seed=seed)
    bundle = folder / "small"
    claxon_export.export(checkpoint, bundle, precision=("fp32", "int8"), verify=False)  # random int8 has no parity
    claxon_export.fit(bundle, list(REVIEWS), list(REVIEWS.values()), head="sentiment", test_size=0, precision="fp32")
    claxon_export.add_head(bundle, "topic", labels=claxon.LabelSet.of(["book", "phone", "food"]), precision="fp32")
    return bundle
