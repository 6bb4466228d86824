"""A disk that is really full, or really read-only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reliability import small_disk
from reliability.small_disk import NoSmallDiskError, SmallDisk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    try:
        with small_disk.small_disk(tmp_path / "disk", 1 << 20) as found:
            yield found
    except NoSmallDiskError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("free_bytes", [0, 4096, 65536])
def test_so_much_is_free(free_bytes: int, disk: SmallDisk) -> None:
    disk.leave(free_bytes)
    with (disk.folder / "file").open("wb", buffering=0) as stream:
        stream.write(b"x" * free_bytes)
        with pytest.raises(OSError, match="No space"):
            stream.write(b"x")
    assert (disk.folder / "file").stat().st_size == free_bytes


def test_a_small_disk_can_be_read_only_for_a_while(disk: SmallDisk) -> None:
    with disk.read_only(), pytest.raises(OSError, match="Read-only"):
        (disk.folder / "file").touch()
    (disk.folder / "file").touch()


def test_a_small_disk_is_unmounted_at_the_end(tmp_path: Path, disk: SmallDisk) -> None:
    with small_disk.small_disk(tmp_path / "other", 1 << 20) as other:
        (other.folder / "file").touch()
    assert list((tmp_path / "other").iterdir()) == []


def test_missing_mount_permission_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(NoSmallDiskError, match="superuser"), small_disk.small_disk(tmp_path / "disk", 1 << 20):
        pytest.fail("it was mounted")
