"""How far a bundle is from its source, as aligned text. Pure."""

from __future__ import annotations

from claxon.commands.layout import table
from claxon.manifest import Parity


def parity_source(parity: Parity | None) -> str:
    """What the figures are against, in words."""
    return "not verified" if parity is None else f"against {parity.source}, on {parity.texts} texts"


def parity_rows(parity: Parity | None, indent: str = "      ") -> list[str]:
    """The figures as lines, without the columns that none of them has."""
    if parity is None:
        return []
    rows = [["", "max difference", "mean cosine", "min cosine", "labels equal"]]
    for found in parity.comparisons:
        cosines = ["" if value is None else f"{value:.7f}" for value in (found.mean_cosine, found.min_cosine)]
        labels = "" if found.label_agreement is None else f"{found.label_agreement:.2%}"
        rows.append([found.output, f"{found.max_abs_difference:.1e}", *cosines, labels])
    filled = [column for column in zip(*rows, strict=True) if any(column[1:])]
    return table(zip(*filled, strict=True), indent)
