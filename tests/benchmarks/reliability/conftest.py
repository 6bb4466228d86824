"""The small bundle that campaigns are run on, and what writing jobs read, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from reliability.part import Settings
from reliability.small_bundle import write_small_bundle
from reliability.writing_jobs import Sources, write_sources


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with every kind of file; read only."""
    return write_small_bundle(tmp_path_factory.mktemp("campaign"))


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """What writing jobs read; nothing of it is written to."""
    return write_sources(tmp_path_factory.mktemp("sources"), 0)


@pytest.fixture
def settings(small_bundle: Path, tmp_path: Path) -> Settings:
    """A hundredth of the full size."""
    folder = tmp_path / "part"
    folder.mkdir()
    return Settings(small_bundle, folder, seed=3, scale=0.01)
