"""Summaries that the commands print at the end, as aligned lines."""

from __future__ import annotations

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import GraphVariant
from claxon.cli.rendering import NO_BREAK, byte_count, facts, parity_rows, parity_source


def export_lines(bundle: Bundle, seconds: float) -> list[str]:
    """Summarize a new bundle and its parity."""
    manifest = bundle.manifest
    encoder = manifest.encoder
    size_bytes = sum(entry.size_bytes for entry in manifest.files.values())
    about = {
        "encoder": f"{encoder.architecture}, {encoder.layers} layers, width {encoder.width}",
        "features": ", ".join(encoder.features),
        "heads": ", ".join(head.name for head in manifest.heads) or "none yet: `claxon fit`, `claxon add-head`",
    }
    title = f"{bundle.path}  {byte_count(size_bytes)}, {seconds:.1f} s"
    return [title, *facts(about), *(line for variant in encoder.variants for line in _variant_lines(variant))]


def _variant_lines(variant: GraphVariant) -> list[str]:
    return [*facts({str(variant.precision): parity_source(variant.parity)}), *parity_rows(variant.parity, "    ")]


def head_lines(bundle: Bundle, name: str) -> list[str]:
    """Summarize a new head and how to use it."""
    head = next(head for head in bundle.manifest.heads if head.name == name)
    about = {"kind": f"{head.kind} on {head.feature}", "labels": ", ".join(map(str, head.labels))}
    follow_up = f"claxon predict {bundle.path} --head {name}".replace(" ", NO_BREAK)
    return [f"{bundle.path}  head {name}", *facts({**about, "next": follow_up})]
