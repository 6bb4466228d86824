"""Which of a bundle's encoder graphs to run. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from claxon.errors import OptionError
from claxon.manifest import GraphVariant

AUTO = "auto"


def choose_variant(variants: Sequence[GraphVariant], precision: str) -> GraphVariant:
    """The variant of that precision; for ``auto`` the first, which is the exact one.

    Raises:
        OptionError: the bundle holds no such precision.
    """
    if precision == AUTO:
        return variants[0]
    for variant in variants:
        if variant.precision == precision:
            return variant
    held = ", ".join(variant.precision for variant in variants)
    raise OptionError(f"precision is {str(precision)!r}, but the bundle holds {held}")
