"""The virtual environments of the peers: where their Python is, and how large they are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import claxon
from claxon_bench.errors import EngineFailure
from claxon_bench.roster import CLAXON, EngineSpec

PEERS_FOLDER = Path(".venv-peers")
# Every environment brings these, whatever was installed.
NOT_COUNTED = ("pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack", "distutils-precedence")


def python_of(environment: str, folder: Path) -> Path:
    """The interpreter of an environment; Claxon's is this one where it has none of its own.

    Raises:
        EngineFailure: the environment is not there.
    """
    python = python_in(folder / environment)
    if python.is_file():
        return python
    if environment.startswith(CLAXON):
        return Path(sys.executable)
    raise EngineFailure(f"no environment {environment}; `make bench-peers` makes it")


def python_in(environment: Path) -> Path:
    """The interpreter of a virtual environment; not resolved, because the link is what makes it the environment's."""
    name = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
    return (environment / name).absolute()


def install_size_bytes(spec: EngineSpec, folder: Path) -> int | None:
    """Bytes of the environment's site-packages; ``None`` where the engine has no environment of its own."""
    packages = next((folder / spec.environment).glob("[Ll]ib/**/site-packages"), None)
    if packages is None:
        return None
    ours = Path(claxon.__file__).parent if spec.is_claxon and not (packages / "claxon").is_dir() else None
    return sum(_file_sizes(packages)) + (sum(_file_sizes(ours)) if ours else 0)


def _file_sizes(folder: Path) -> Iterator[int]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).parts[0]
        is_counted = name.removesuffix(".pth").split("-")[0] not in NOT_COUNTED
        if is_counted and path.is_file() and not path.is_symlink():
            yield path.stat().st_size
