from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from claxon.errors import InputError
from claxon.formats import lines as module
from claxon.formats.lines import Compression, LinePosition, Lines

CONTENT = b"\xef\xbb\xbfone\ntwo\r\n\nfour"


def written(folder: Path, compression: Compression, content: bytes = CONTENT) -> Path:
    path = folder / "x"
    if compression is Compression.ZSTD:
        with pa.output_stream(str(path), compression="zstd") as stream:
            stream.write(content)
    else:
        path.write_bytes(gzip.compress(content) if compression is Compression.GZIP else content)
    return path


@pytest.mark.parametrize("compression", list(Compression))
def test_lines_with_their_places(compression: Compression, tmp_path: Path) -> None:
    found = []
    with Lines(written(tmp_path, compression), compression) as lines:
        place = lines.place
        for line in lines:
            found.append((place.offset, place.line, line))
            place = lines.place
    assert found == [(3, 1, b"one\n"), (7, 2, b"two\r\n"), (12, 3, b"\n"), (13, 4, b"four")]


def test_a_plain_file_opens_anywhere(tmp_path: Path) -> None:
    with Lines(written(tmp_path, Compression.NONE), Compression.NONE, LinePosition(7, 2)) as lines:
        assert next(lines) == b"two\r\n"
        assert lines.place == LinePosition(12, 3)


def test_what_is_given_back_comes_again(tmp_path: Path) -> None:
    with Lines(written(tmp_path, Compression.NONE), Compression.NONE) as lines:
        next(lines)
        place = lines.place
        taken = [next(lines), next(lines)]
        lines.give_back(taken, place)
        assert lines.place == place
        assert [*lines] == [*taken, b"four"]


@pytest.mark.parametrize("compression", [Compression.GZIP, Compression.ZSTD])
def test_a_file_that_was_cut_is_damaged(compression: Compression, tmp_path: Path) -> None:
    whole = written(tmp_path, compression, b"a line\n" * 9).read_bytes()
    (tmp_path / "x").write_bytes(whole[:-5])
    with pytest.raises(InputError, match="x is damaged: it cannot be read"):
        list(Lines(tmp_path / "x", compression))


def test_what_is_not_compressed_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x is damaged: it cannot be read \(Not a gzipped file"):
        Lines(written(tmp_path, Compression.NONE), Compression.GZIP)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        Lines(tmp_path / "no", Compression.NONE)


def test_a_line_without_end_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 1 << 20)
    path = written(tmp_path, Compression.NONE, b"x" * (2 << 20))
    with Lines(path, Compression.NONE) as lines, pytest.raises(InputError, match="line 1 is longer than 1 MiB"):
        next(lines)
