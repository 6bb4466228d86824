"""Files of vectors, keyed by the SHA-256 of the texts: written atomically, never changed, checked when read.

Layout, little-endian: magic (8 bytes), rows and width (uint32 each), SHA-256 of all that follows (32 bytes), the texts'
digests (32 bytes each), their vectors (width float32 each).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from claxon.encoder.features import FloatMatrix, FloatVector
from claxon.storage.cache_folder import write_whole

MAGIC = b"CLAXVEC1"
SUFFIX = ".vectors"
DIGEST_BYTES = 32
HEADER = struct.Struct(f"<8sII{DIGEST_BYTES}s")


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a file: the number and width of its vectors, and the SHA-256 of its body."""

    rows: int
    width: int
    sha256: bytes

    @classmethod
    def read(cls, content: bytes, file_bytes: int) -> Self | None:
        """Read the header of a file of so many bytes; ``None`` if it is incomplete."""
        if len(content) < HEADER.size:
            return None
        magic, rows, width, sha256 = HEADER.unpack(content[: HEADER.size])
        header = cls(rows, width, sha256)
        return header if magic == MAGIC and file_bytes == HEADER.size + header.body_bytes else None

    @property
    def body_bytes(self) -> int:
        """The size of digests and vectors, in bytes."""
        return self.rows * (DIGEST_BYTES + 4 * self.width)


def write_shard(folder: Path, digests: list[bytes], vectors: FloatMatrix) -> bool:
    """Write a file named after its content; return ``False`` if that fails.

    Args:
        folder: Where; made if need be.
        digests: SHA-256 of each text.
        vectors: Their vectors. Shape: ``(len(digests), width)``.
    """
    body = b"".join(digests) + np.ascontiguousarray(vectors, "<f4").tobytes()
    sha256 = hashlib.sha256(body)
    header = HEADER.pack(MAGIC, len(digests), vectors.shape[1], sha256.digest())
    return write_whole(folder / f"{sha256.hexdigest()}{SUFFIX}", header + body)


def shards(folder: Path) -> list[Path]:
    """Return the files of a folder, sorted by name; empty if the folder does not exist."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == SUFFIX)
    except OSError:
        return []


def read_digests(path: Path, width: int) -> list[bytes]:
    """Read the digests of a file, unchecked; empty if it is damaged or has another width."""
    try:
        with path.open("rb") as stream:
            header = Header.read(stream.read(HEADER.size), path.stat().st_size)
            if header is None or header.width != width:
                return []
            digests = stream.read(header.rows * DIGEST_BYTES)
    except OSError:
        return []
    return list(_split(digests))


def read_vectors(path: Path, width: int) -> dict[bytes, FloatVector]:
    """The vectors of a file by the digest of their text; none, and no more file, if a byte of it is not as written."""
    try:
        content = path.read_bytes()
    except OSError:
        return {}
    header = Header.read(content, len(content))
    body = memoryview(content)[HEADER.size :]
    if header is None or header.width != width or hashlib.sha256(body).digest() != header.sha256:
        with suppress(OSError):
            path.unlink()
        return {}
    n_bytes = header.rows * DIGEST_BYTES
    vectors = np.frombuffer(body[n_bytes:], "<f4").reshape(header.rows, header.width)
    return dict(zip(_split(bytes(body[:n_bytes])), vectors, strict=True))


def _split(digests: bytes) -> Iterator[bytes]:
    return (digests[start : start + DIGEST_BYTES] for start in range(0, len(digests), DIGEST_BYTES))
