"""Files of vectors: what comes back, and that a damaged one never does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from claxon_export.data.feature_shards import HEADER, read_digests, read_vectors, shards, write_shard

WIDTH = 5
DIGESTS = [hashlib.sha256(text.encode()).digest() for text in ("a", "b", "c")]
VECTORS = np.random.default_rng(0).normal(size=(3, WIDTH)).astype(np.float32)


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    assert write_shard(tmp_path / "there", DIGESTS, VECTORS)
    (path,) = shards(tmp_path / "there")
    return path


def test_vectors_come_back_by_their_digest(shard: Path) -> None:
    assert read_digests(shard, WIDTH) == DIGESTS
    result = read_vectors(shard, WIDTH)
    assert list(result) == DIGESTS
    np.testing.assert_array_equal(np.stack(list(result.values())), VECTORS)


def test_same_content_is_one_file(shard: Path) -> None:
    assert write_shard(shard.parent, DIGESTS, VECTORS)
    assert shards(shard.parent) == [shard]
    assert write_shard(shard.parent, DIGESTS, VECTORS + 1)
    assert len(shards(shard.parent)) == 2


def test_rows_of_a_view_are_written_as_they_are_seen(tmp_path: Path) -> None:
    wide = np.arange(24, dtype=np.float32).reshape(4, 6)
    assert write_shard(tmp_path, DIGESTS[:2], wide[::2, ::3])
    result = read_vectors(shards(tmp_path)[0], 2)
    assert [vector.tolist() for vector in result.values()] == [[0, 3], [12, 15]]


def flipped(at: int) -> Callable[[bytes], bytes]:
    return lambda content: content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        flipped(0),
        flipped(8),
        flipped(12),
        flipped(20),
        flipped(HEADER.size),
        flipped(-2),
        lambda content: content[:-1],
        lambda content: content + b"\0",
        lambda content: content[:10],
        lambda _: b"",
    ],
    ids=["magic", "rows", "width", "hash", "digest", "vector", "short", "long", "header", "empty"],
)
def test_a_damaged_file_gives_nothing_and_is_removed(shard: Path, damage: Callable[[bytes], bytes]) -> None:
    shard.write_bytes(damage(shard.read_bytes()))
    assert read_vectors(shard, WIDTH) == {}
    assert shards(shard.parent) == []


def test_a_file_that_is_cut_has_no_digests(shard: Path) -> None:
    shard.write_bytes(shard.read_bytes()[:-4])
    assert read_digests(shard, WIDTH) == []


def test_vectors_of_another_width_are_not_read(shard: Path) -> None:
    assert read_digests(shard, WIDTH + 1) == []


def test_a_missing_folder_has_no_shards(tmp_path: Path) -> None:
    assert shards(tmp_path / "none") == []
    assert read_digests(tmp_path / "none", WIDTH) == []
    assert read_vectors(tmp_path / "none", WIDTH) == {}


def test_other_files_are_left_alone(shard: Path) -> None:
    (shard.parent / ".unfinished").write_bytes(b"")
    assert shards(shard.parent) == [shard]


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert not write_shard(tmp_path / "file", DIGESTS, VECTORS)
