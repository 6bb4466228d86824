from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from claxon.bundle.bundle import Bundle
from reliability import truncations
from reliability.damage import sizes
from reliability.part import Settings
from reliability.truncations import cuts
from tests.benchmarks.reliability.planted import load_nothing


def test_every_truncation_is_refused(settings: Settings) -> None:
    found = truncations.run(replace(settings, scale=0.1))
    assert found.failures == []
    assert found.counts == {"cases": 50, "files": 9, "refused": 50}


def test_a_bundle_that_never_loads_is_noticed(settings: Settings) -> None:
    assert truncations.run(settings, load_nothing).failures


def test_the_ends_are_among_the_lengths(small_bundle: Path) -> None:
    bundle = Bundle.open(small_bundle)
    found = cuts(bundle, 500, seed=1)
    for name, size in sizes(bundle).items():
        lengths = [damage.length for damage in found if damage.file == name]
        assert {0, size - 1} <= {*lengths}
        assert len({*lengths}) == len(lengths)
        assert max(length for length in lengths if length is not None) < size
    assert found == cuts(bundle, 500, seed=1)
    assert len(found) == 500
