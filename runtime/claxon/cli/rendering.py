"""Aligned text output."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from claxon.bundle.manifest import Parity

WIDTH = 100
INDENT = "  "
NO_BREAK = "\u00a0"


def facts(pairs: Mapping[str, str], indent: str = INDENT) -> list[str]:
    """Format names on the left and values on the right; long values wrap, but not at a ``NO_BREAK``."""
    column = max(map(len, pairs), default=0) + 2
    lines = []
    for name, value in pairs.items():
        first, rest = f"{indent}{name:<{column}}", f"{indent}{'':<{column}}"
        wrapped = textwrap.wrap(
            value, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
        )
        lines += [line.replace(NO_BREAK, " ") for line in wrapped] or [first.rstrip()]
    return lines


def pairs_in_words(pairs: Mapping[str, object]) -> str:
    """Format as ``name value, name value``; ``facts`` wraps only between pairs."""
    return ", ".join(f"{name}{NO_BREAK}{value}" for name, value in pairs.items())


def table(rows: Iterable[Sequence[str]], indent: str = INDENT) -> list[str]:
    """Format columns of equal width, the first left-aligned, the others right-aligned."""
    listed = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    lines = []
    for first, *others in listed:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        lines.append(indent + "   ".join([f"{first:<{widths[0]}}", *cells]).rstrip())
    return lines


def section(title: str, lines: Sequence[str]) -> list[str]:
    """Format a title, its lines and a blank line; empty without lines."""
    return [title, *lines, ""] if lines else []


def byte_count(size_bytes: int) -> str:
    """Format bytes in decimal units with three digits, such as ``90.3 MB``."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def parity_source(parity: Parity | None) -> str:
    """Describe what the figures were compared with."""
    return "not verified" if parity is None else f"against {parity.source}, on {parity.texts} texts"


def parity_rows(parity: Parity | None, indent: str = "      ") -> list[str]:
    """Format the figures as lines, without empty columns."""
    if parity is None:
        return []
    rows = [["", "max difference", "mean cosine", "min cosine", "labels equal"]]
    for comparison in parity.comparisons:
        cosines = ["" if value is None else f"{value:.7f}" for value in (comparison.mean_cosine, comparison.min_cosine)]
        labels = "" if comparison.label_agreement is None else f"{comparison.label_agreement:.2%}"
        rows.append([comparison.output, f"{comparison.max_abs_difference:.1e}", *cosines, labels])
    filled = [column for column in zip(*rows, strict=True) if any(column[1:])]
    return table(zip(*filled, strict=True), indent)
