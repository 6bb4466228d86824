"""One bit of a file flipped, in every file of a bundle: loading must refuse it."""

from __future__ import annotations

import random

from claxon.bundle.bundle import Bundle
from reliability.damage import Damage, Load, load_and_label, outcome, precisions, shares, sizes
from reliability.part import Outcome, Settings

FLIPS = 10_000


def run(settings: Settings, load: Load = load_and_label) -> Outcome:
    """Flip ``FLIPS`` different bits, as many in each file as can be."""
    bundle = Bundle.open(settings.bundle)
    return outcome("bitflips", flips(bundle, settings.scaled(FLIPS), settings.seed), settings, load)


def flips(bundle: Bundle, count: int, seed: int) -> list[Damage]:
    """Different bits, in equal numbers by file, but for files that have not so many."""
    draw, used_by = random.Random(seed), precisions(bundle.manifest)
    bits = {name: 8 * size for name, size in sizes(bundle).items()}
    return [
        Damage(name, draw.choice(used_by[name]), bit=bit)
        for (name, size), share in zip(bits.items(), shares(count, list(bits.values())), strict=True)
        for bit in draw.sample(range(size), share)
    ]
