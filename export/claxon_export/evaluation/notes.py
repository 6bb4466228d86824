"""What a reader must know before believing the figures."""

from __future__ import annotations

from collections.abc import Iterator

from claxon.bundle.manifest import HeadSpec, LabelValue
from claxon_export.evaluation.targets import listed
from claxon_export.metrics.results import spelled

FEW_TEXTS = 30


def source_notes(texts: int) -> Iterator[str]:
    """Sentences about how many texts there are."""
    if texts < FEW_TEXTS:
        yield f"with {texts} texts the intervals are too narrow, and every figure may be chance; evaluate on 30 or more"


def head_notes(spec: HeadSpec, absent: tuple[LabelValue, ...], source_sha256: str) -> Iterator[str]:
    """Sentences about one head.

    Args:
        spec: What the bundle says of it, its provenance among that.
        absent: Labels of the head that no text has.
        source_sha256: Of the labeled texts.
    """
    if spec.details.get("data_sha256") == source_sha256:
        yield (
            f"head {spec.name!r} was fitted on these very texts, or most of them: its scores are too good, and say "
            "nothing of other texts"
        )
    if absent:
        words = listed(map(spelled, absent))
        yield f"head {spec.name!r} knows {words}, which no text has: the scores say nothing about them"
