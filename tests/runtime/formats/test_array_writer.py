from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from claxon.formats.writers import ArrayWriter


@pytest.mark.parametrize("sizes", [[], [0], [1], [3, 0, 70]])
def test_what_was_written_in_pieces_is_one_array(tmp_path: Path, sizes: list[int]) -> None:
    pieces = [np.random.default_rng(size).normal(size=(size, 5)).astype(np.float32) for size in sizes]
    with (tmp_path / "out.npy").open("wb") as stream:
        writer = ArrayWriter(stream, 5)
        for piece in pieces:
            writer.write(piece)
        writer.finish()
    expected = np.concatenate([np.empty((0, 5), np.float32), *pieces])
    found = np.load(tmp_path / "out.npy")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_columns_of_an_array_are_written_as_rows(tmp_path: Path) -> None:
    matrix = np.arange(6, dtype=np.float32).reshape(3, 2).T
    with (tmp_path / "out.npy").open("wb") as stream:
        writer = ArrayWriter(stream, 3)
        writer.write(matrix)
        writer.finish()
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), matrix)
