"""What a manifest may say of its files and of a head."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from typing import TYPE_CHECKING

from claxon.bundle.paths import first_collision, is_plain_path

if TYPE_CHECKING:
    from claxon.bundle.manifest import Feature, FileEntry, HeadSpec

MAX_FILE_BYTES = 64 << 30
# The scores that a temperature turns into probabilities, and those that have a threshold for each label.
TEMPERED, THRESHOLDED, NUMBER = "cosine", "multi_label", "regression"


def files_problem(files: Mapping[str, FileEntry], manifest_name: str) -> str | None:
    """What is wrong with the list of files; ``None`` where nothing is."""
    for name, entry in files.items():
        if not is_plain_path(name) or name == manifest_name:
            return f"{name!r:.80} is not a plain path inside the bundle"
        is_hash = len(entry.sha256) == 64 and set(entry.sha256) <= set("0123456789abcdef")
        if not 0 <= entry.size_bytes <= MAX_FILE_BYTES or not is_hash:
            return f"{name!r:.80} has an invalid size or SHA-256"
    collision = first_collision(files)
    return (
        None
        if collision is None
        else f"{collision[0]!r:.80} and {collision[1]!r:.80} are the same file on some systems"
    )


def head_problem(head: HeadSpec, features: Container[Feature]) -> str | None:
    """What is wrong with a head, to be said after its name; ``None`` where nothing is.

    Args:
        head: What the manifest says of it.
        features: What the encoder gives.
    """
    n_labels = len(head.labels)
    problems = {
        f"reads '{head.feature}', which the encoder does not output": head.feature not in features,
        "needs at least two labels, all different": head.scores.is_exclusive
        and len(set(head.labels)) < max(2, n_labels),
        "needs different labels, one or more": len(set(head.labels)) < max(1, n_labels),
        f"has {n_labels} labels, expected the one name of its number": head.scores == NUMBER and n_labels != 1,
        f"has temperature {head.temperature}, expected above 0": (
            head.temperature is not None and not head.temperature > 0
        ),
        f"gives {head.scores}; a temperature applies to cosines only": (
            head.temperature is not None and head.scores != TEMPERED
        ),
        f"gives {head.scores}, which thresholds are not for": (
            head.thresholds is not None and head.scores != THRESHOLDED
        ),
        f"needs {n_labels} finite thresholds, one for each label": (
            head.thresholds is not None
            and (len(head.thresholds) != n_labels or not all(map(math.isfinite, head.thresholds)))
        ),
    }
    return next((problem for problem, is_there in problems.items() if is_there), None)
