"""What the processor is called, and which of its instruction sets decide how fast and how exact a graph runs."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# What decides how fast int8 and bf16 are, by Linux's names.
X86_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
ARM_FEATURES = ("asimddp", "i8mm", "bf16")
# The same on macOS, which asks for each by a name of its own.
MACOS_FEATURES = {"FEAT_DotProd": "asimddp", "FEAT_I8MM": "i8mm", "FEAT_BF16": "bf16"}


def processor_name(root: Path = Path("/")) -> str:
    """What the processor calls itself."""
    return cpu_info("model name", root) or platform.processor() or "unknown"


def processor_features(root: Path = Path("/")) -> tuple[str, ...]:
    """Those of the processor's instruction sets that matter for int8 and bf16; none where it does not say."""
    flags = (cpu_info("flags", root) or cpu_info("Features", root) or "").split()
    if not flags and sys.platform == "darwin":
        flags = list(_macos_features())
    return tuple(name for name in (*X86_FEATURES, *ARM_FEATURES) if name in flags)


def cpu_info(name: str, root: Path = Path("/")) -> str | None:
    """A value that Linux tells of the first processor; ``None`` where it does not."""
    try:
        with (root / "proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            found = (line.partition(":") for line in lines)
            return next((value.strip() for key, _, value in found if key.strip() == name), None)
    except OSError:
        return None


@cache
def _macos_features() -> tuple[str, ...]:
    return tuple(_macos_asked(MACOS_FEATURES))


def _macos_asked(names: dict[str, str]) -> Iterator[str]:
    for theirs, ours in names.items():
        words = ["/usr/sbin/sysctl", "-n", f"hw.optional.arm.{theirs}"]
        try:
            answer = subprocess.run(words, capture_output=True, text=True, check=False, timeout=5)
        except (OSError, subprocess.SubprocessError):
            return
        if answer.stdout.strip() == "1":
            yield ours
