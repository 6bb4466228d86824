"""Tensors by their names in the base model."""

from __future__ import annotations

import numpy as np
import pytest

from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures.base_model import BaseModel

TABLE = np.arange(6, dtype=np.float32).reshape(3, 2)


@pytest.mark.parametrize("stored_as", ["embeddings.weight", "bert.embeddings.weight"])
def test_tensor_is_found_with_and_without_the_models_name(stored_as: str) -> None:
    model = BaseModel({stored_as: TABLE}, "bert.")
    np.testing.assert_array_equal(model["embeddings.weight"], TABLE)


def test_the_name_with_the_prefix_goes_first() -> None:
    model = BaseModel({"dense.weight": TABLE * 0, "bert.dense.weight": TABLE}, "bert.")
    np.testing.assert_array_equal(model["dense.weight"], TABLE)


def test_missing_tensor_is_named_with_the_prefix() -> None:
    with pytest.raises(CheckpointError, match=r"no tensor 'pooler.weight', with or without 'bert\.' before it"):
        BaseModel({}, "bert.")["pooler.weight"]


def test_table_of_the_right_shape_is_given() -> None:
    assert BaseModel({"table": TABLE}, "bert.").table("table", 3, 2).shape == (3, 2)


@pytest.mark.parametrize("shape", [(2, 3), (3, 3), (4, 2)])
def test_table_of_another_shape_says_both(shape: tuple[int, int]) -> None:
    with pytest.raises(CheckpointError, match=r"table has shape \(3, 2\), config\.json says"):
        BaseModel({"table": TABLE}, "bert.").table("table", *shape)
