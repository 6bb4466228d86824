from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from claxon.bundle.bundle import Bundle
from reliability.damage import Damage, DamageJudge, outcome, precisions, shares, sizes
from reliability.part import Settings
from tests.benchmarks.reliability.planted import load_nothing, load_what_is_whole, load_without_hashes

HEAD, TOKENIZER, WEIGHTS = "heads/sentiment.onnx", "tokenizer.json", "encoder.safetensors"


def test_damage_flips_one_bit_or_cuts_the_file() -> None:
    assert Damage("a", "fp32", bit=9).done_to(b"\0\0\0") == b"\0\2\0"
    assert Damage("a", "fp32", bit=0).done_to(b"\1") == b"\0"
    assert Damage("a", "fp32", length=2).done_to(b"abc") == b"ab"
    assert str(Damage("a", "int8", length=0)) == "a, cut at byte 0, loaded as int8"


def test_a_file_is_loaded_where_it_has_a_part(small_bundle: Path) -> None:
    found = precisions(Bundle.open(small_bundle).manifest)
    assert found["encoder.onnx"] == found[WEIGHTS] == ("fp32",)
    assert found["encoder.int8.onnx"] == ("int8",)
    assert found["manifest.json"] == found[HEAD] == found["README.md"] == ("fp32", "int8")
    assert found.keys() == sizes(Bundle.open(small_bundle)).keys()


@pytest.mark.parametrize(
    ("count", "most", "found"),
    [(6, [9, 9, 9], [2, 2, 2]), (7, [9, 1, 9], [3, 1, 3]), (99, [2, 3], [2, 3]), (2, [5, 5, 5], [1, 1, 0])],
)
def test_shares_are_as_equal_as_can_be(count: int, most: list[int], found: list[int]) -> None:
    assert shares(count, most) == found


def test_a_judge_mends_what_it_damaged(small_bundle: Path, tmp_path: Path) -> None:
    judge = DamageJudge(small_bundle, tmp_path / "copy")
    assert judge(Damage(HEAD, "fp32", bit=77)).startswith("refused: ")
    assert judge(Damage("", "int8")) == "loaded"


def test_a_loader_that_ignores_hashes_is_noticed(settings: Settings) -> None:
    damages = [Damage("README.md", "fp32", bit=3), Damage(WEIGHTS, "fp32", bit=8 * 50_000)]
    found = outcome("bitflips", damages, settings, load_without_hashes)
    assert found.counts == {"cases": 2, "files": 2, "loaded": 2}
    assert [failure.partition(": ")[2] for failure in found.failures] == ["loaded"] * 2


def test_errors_of_other_types_are_noticed(settings: Settings) -> None:
    damages = [Damage(HEAD, "fp32", bit=3), Damage(TOKENIZER, "fp32", bit=3), Damage(WEIGHTS, "fp32", bit=3)]
    found = outcome("bitflips", damages, settings, load_what_is_whole)
    assert Counter(found.counts) == Counter(cases=3, files=3, untyped=1, mistyped=1, refused=1)
    assert len(found.failures) == 2


def test_figures_of_a_bundle_that_never_loads_mean_nothing(settings: Settings) -> None:
    found = outcome("bitflips", [Damage(HEAD, "fp32", bit=3)], settings, load_nothing)
    assert found.failures[0].startswith("the whole bundle does not load: refused: ")


def test_an_error_names_the_file(settings: Settings) -> None:
    found = outcome("bitflips", [Damage(HEAD, "fp32", bit=3)], settings, load_nothing)
    assert any(failure.startswith(f"{HEAD}, bit 3 flipped, loaded as fp32: refused: ") for failure in found.failures)
