"""A file cut off, in every file of a bundle, at any length: loading must refuse it."""

from __future__ import annotations

import random

from claxon.bundle.bundle import Bundle
from reliability.damage import Damage, Load, load_and_label, outcome, precisions, shares, sizes
from reliability.part import Outcome, Settings

CUTS = 500


def run(settings: Settings, load: Load = load_and_label) -> Outcome:
    """Cut at ``CUTS`` different places, as many in each file as can be."""
    bundle = Bundle.open(settings.bundle)
    return outcome("truncations", cuts(bundle, settings.scaled(CUTS), settings.seed), settings, load)


def cuts(bundle: Bundle, count: int, seed: int) -> list[Damage]:
    """Different lengths; of each file nothing at all and all but the last byte are among them, where there is room."""
    draw, used_by = random.Random(seed), precisions(bundle.manifest)
    lengths = sizes(bundle)
    return [
        Damage(name, draw.choice(used_by[name]), length=length)
        for (name, size), share in zip(lengths.items(), shares(count, list(lengths.values())), strict=True)
        for length in _lengths(draw, size, share)
    ]


def _lengths(draw: random.Random, size: int, share: int) -> list[int]:
    ends = [0, size - 1] if size > 1 else [0]
    return ends[:share] + draw.sample(range(1, max(1, size - 1)), max(0, share - len(ends)))
