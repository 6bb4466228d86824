"""The processes that a process started, as Linux lists them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
WORKER = b"spawn_main"  # how multiprocessing starts a process afresh


@dataclass(frozen=True, slots=True)
class Member:
    """A process."""

    pid: int
    parent: int
    words: bytes


def is_listed() -> bool:
    """Whether the system lists processes this way."""
    return (PROC / "self" / "stat").exists()


def members() -> list[Member]:
    """All processes."""
    found = []
    for folder in PROC.glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            found.append(Member(int(folder.name), parent, (folder / "cmdline").read_bytes()))
        except (OSError, ValueError):
            continue  # it ended meanwhile
    return found


def workers_of(pid: int) -> list[int]:
    """Processes that a process started with multiprocessing, in the order of their ids."""
    return sorted(member.pid for member in members() if member.parent == pid and WORKER in member.words)


def resident_bytes(pid: int) -> int | None:
    """Memory that a process has in use; ``None`` if it ended."""
    try:
        return int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return None
