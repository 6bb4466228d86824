from __future__ import annotations

from claxon.bundle.manifest import Comparison, Parity
from claxon.cli.rendering import parity_rows, parity_source

PARITY = Parity("torch 2", 64, "0" * 64, (Comparison("cls", 2e-7, 1.0, 0.9999999, None), Comparison("mean", 1e-7)))


def test_missing_parity_is_reported() -> None:
    assert parity_source(None) == "not verified"
    assert parity_rows(None) == []


def test_columns_that_nothing_has_are_left_out() -> None:
    assert parity_source(PARITY) == "against torch 2, on 64 texts"
    assert parity_rows(PARITY, "") == [
        "       max difference   mean cosine   min cosine",
        "cls           2.0e-07     1.0000000    0.9999999",
        "mean          1.0e-07",
    ]
