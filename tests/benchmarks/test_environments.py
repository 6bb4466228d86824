from __future__ import annotations

import sys
from pathlib import Path

import pytest

import claxon
from claxon_bench.environments import install_size_bytes, python_of
from claxon_bench.errors import EngineFailure
from claxon_bench.roster import BY_NAME, claxon_engine

PACKAGE_BYTES = 1000


@pytest.fixture
def peers(tmp_path: Path) -> Path:
    """Environments with one package of a thousand bytes beside those that every environment has."""
    for name in ("fastembed", "claxon"):
        packages = tmp_path / name / "lib" / "python3.11" / "site-packages"
        for package in ("numpy", "pip", "pip-26.3.dist-info", "setuptools"):
            (packages / package).mkdir(parents=True)
            (packages / package / "code.py").write_bytes(bytes(PACKAGE_BYTES))
    return tmp_path


def test_size_is_that_of_what_was_asked_for(peers: Path) -> None:
    assert install_size_bytes(BY_NAME["fastembed:onnx"], peers) == PACKAGE_BYTES


def test_claxon_counts_where_its_environment_only_points_at_it(peers: Path) -> None:
    package = Path(claxon.__file__).parent
    own = sum(path.stat().st_size for path in package.rglob("*") if path.is_file())
    assert install_size_bytes(claxon_engine("fp32"), peers) == PACKAGE_BYTES + own


def test_no_environment_has_no_size(tmp_path: Path) -> None:
    assert install_size_bytes(claxon_engine("fp32"), tmp_path) is None


def test_claxon_without_environment_runs_in_this_one(tmp_path: Path) -> None:
    assert python_of("claxon-openvino", tmp_path) == Path(sys.executable)


def test_peer_has_its_own_or_none(peers: Path) -> None:
    python = peers / "fastembed" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    with pytest.raises(EngineFailure, match="make bench-peers"):
        python_of("fastembed", peers)
    python.parent.mkdir()
    python.touch()
    assert python_of("fastembed", peers) == python
