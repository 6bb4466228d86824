from __future__ import annotations

from collections import Counter
from pathlib import Path

from claxon.bundle.bundle import Bundle
from reliability import bitflips
from reliability.bitflips import flips
from reliability.part import Settings
from tests.benchmarks.reliability.planted import load_without_hashes


def test_every_flip_is_refused(settings: Settings) -> None:
    found = bitflips.run(settings)
    assert found.failures == []
    assert found.counts == {"cases": 100, "files": 9, "refused": 100}


def test_a_loader_that_ignores_hashes_is_noticed(settings: Settings) -> None:
    assert len(bitflips.run(settings, load_without_hashes).failures) > 10


def test_flips_are_different_ones_in_every_file_and_the_same_for_the_same_seed(small_bundle: Path) -> None:
    bundle = Bundle.open(small_bundle)
    found = flips(bundle, 900, seed=1)
    assert set(Counter(damage.file for damage in found).values()) == {100}
    assert len({(damage.file, damage.bit) for damage in found}) == 900
    assert found == flips(bundle, 900, seed=1)
    assert found != flips(bundle, 900, seed=2)
