from __future__ import annotations

from dataclasses import replace

import pytest

from claxon.bundle.manifest import Feature
from claxon.encoder.features import chosen_feature, chosen_features
from claxon.errors import OptionError
from tests.bundles import sample_manifest

SPEC = sample_manifest().encoder


def test_the_default_is_what_the_source_calls_its_embedding() -> None:
    assert chosen_feature(SPEC, None) is SPEC.default_feature


def test_a_name_is_the_feature() -> None:
    assert chosen_feature(SPEC, "mean") is Feature.MEAN


def test_an_unknown_name_lists_the_features() -> None:
    with pytest.raises(OptionError, match=f"no feature 'max'.*{', '.join(SPEC.features)}"):
        chosen_feature(SPEC, "max")


def test_without_a_default_one_must_be_named() -> None:
    with pytest.raises(OptionError, match="no sentence embedding; give --feature"):
        chosen_feature(replace(SPEC, default_feature=None), None)


def test_several_are_each_taken_once_and_none_means_all() -> None:
    assert chosen_features(SPEC, ["mean", "embedding", "mean"]) == [Feature.MEAN, Feature.EMBEDDING]
    assert chosen_features(SPEC, None) == list(SPEC.features)


@pytest.mark.parametrize("names", ["cls", []])
def test_not_a_list_of_features(names: list[str]) -> None:
    with pytest.raises(OptionError, match="expected a list of features"):
        chosen_features(SPEC, names)
