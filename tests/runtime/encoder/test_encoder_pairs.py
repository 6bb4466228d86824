"""Pairs through an encoder: what is refused, and that a pair is what its own ids give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
import claxon_export
from claxon.encoder.pairs import check_pairs
from tests.checkpoints import write_checkpoint


@pytest.mark.parametrize(
    ("pairs", "problem"),
    [
        ("ab", "found one str"),
        ([("a", "b"), "cd"], "row 1 is str"),
        ([("a", "b", "c")], "row 0 is tuple"),
        ([("a", "b"), ("a", 1)], "row 1: the second text is int"),
        ([(None, "b")], "row 0: the first text is NoneType"),
    ],
)
def test_what_is_no_pair_is_named_with_its_row(pairs: Any, problem: str) -> None:
    with pytest.raises(claxon.InputError, match=problem):
        check_pairs(pairs)


def test_lists_are_pairs_too() -> None:
    assert check_pairs([["a", "b"]]) == [("a", "b")]


def test_equal_pairs_run_once_and_order_comes_back(
    encoder: claxon.Encoder, runs: list[tuple[list[str], dict[str, Any]]]
) -> None:
    pairs = [("great book", "it is good"), ("it is good", "great book"), ("great book", "it is good"), ("", "")]
    features = encoder.pair_features(pairs, ["mean"])
    assert sum(len(feeds["input_ids"]) for _, feeds in runs) == 3
    values = features.values[claxon.bundle.manifest.Feature.MEAN]
    alone = [encoder.pair_features([pair], ["mean"]).values["mean"][0] for pair in pairs]  # type: ignore[index]
    np.testing.assert_allclose(values, alone, atol=1e-5)
    assert np.abs(values[0] - values[1]).max() > 1e-2


def test_the_limit_counts_both_texts(encoder: claxon.Encoder) -> None:
    with pytest.warns(claxon.TruncationWarning, match="1 of 2 texts have more than 48"):
        features = encoder.pair_features([("good " * 30, "bad " * 30), ("good", "bad")], ["mean"])
    assert features.n_tokens.tolist() == [64, 6]
    assert features.truncated.tolist() == [True, False]


def test_a_bundle_without_token_types_is_refused(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "bert", "bert", labels=("bad", "good"))
    bundle = claxon_export.export(source, tmp_path / "out", verify=False)
    with claxon.Encoder.load(bundle.path) as encoder, pytest.raises(claxon.OptionError, match="no token_type_ids"):
        encoder.pair_features([("a", "b")])
