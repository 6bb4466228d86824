"""Bundles of real models, exported once, and real texts. Whatever is not on this machine is skipped, with the reason.

``CLAXON_FULL_PARITY=1`` runs the whole of what is documented; without it the same on fewer texts, in about two minutes.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from claxon.engine.hardware import available_threads
from claxon_export.pipeline import export

IS_FULL = os.environ.get("CLAXON_FULL_PARITY") == "1"


@dataclass(frozen=True, slots=True)
class Exported:
    """A checkpoint's folder and the bundle made from it."""

    source: Path
    bundle: Path


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts with their labels."""

    texts: list[str]
    labels: list[str]


@pytest.fixture(autouse=True)
def all_threads() -> None:
    """Torch on all processors: other tests leave it on one, and these would take twice as long."""
    torch: Any = pytest.importorskip("torch")
    torch.set_num_threads(available_threads())


@pytest.fixture(scope="session")
def exported_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's bundles go."""
    return tmp_path_factory.mktemp("real")


@pytest.fixture(scope="session")
def mpnet(fetched_models_folder: Path, exported_folder: Path) -> Exported:
    """all-mpnet-base-v2: 12 layers, width 768."""
    return _exported(fetched_models_folder / "all-mpnet-base-v2", exported_folder)


@pytest.fixture(scope="session")
def minilm(fetched_models_folder: Path, exported_folder: Path) -> Exported:
    """all-MiniLM-L6-v2: 6 layers, width 384."""
    return _exported(fetched_models_folder / "all-MiniLM-L6-v2", exported_folder)


@pytest.fixture(scope="session")
def sst2_mini(shared_models_folder: Path, exported_folder: Path) -> Exported:
    """distilbert-sst2-mini: 6 layers, width 384, a classifier of two labels, float16 weights."""
    return _exported(shared_models_folder / "distilbert-sst2-mini", exported_folder)


def _exported(source: Path, folder: Path) -> Exported:
    if not (source / "config.json").is_file():
        pytest.skip(f"{source.name} is not there")
    return Exported(source, export(source, folder / source.name, verify=False).path)


@pytest.fixture(scope="session")
def reviews(data_folder: Path) -> Labelled:
    """Amazon reviews to train on, two labels, median 90 words."""
    return _labelled(data_folder / "amazon_reviews" / "train.csv")


@pytest.fixture(scope="session")
def review_titles(data_folder: Path) -> Labelled:
    """The titles of the same reviews: short, and quick to encode."""
    return _labelled(data_folder / "amazon_reviews" / "train.csv", text="title")


@pytest.fixture(scope="session")
def unseen_reviews(data_folder: Path) -> Labelled:
    """Amazon reviews to validate with, two labels."""
    return _labelled(data_folder / "amazon_reviews" / "validation.csv")


@pytest.fixture(scope="session")
def tweets(data_folder: Path) -> Labelled:
    """Tweets in six emotions."""
    return _labelled(data_folder / "emotion" / "validation.csv")


@pytest.fixture(scope="session")
def sentences(data_folder: Path) -> Labelled:
    """SST-2's validation split, two labels."""
    return _labelled(data_folder / "sst2" / "validation.csv")


def _labelled(path: Path, text: str = "text") -> Labelled:
    if not path.is_file():
        pytest.skip(f"{path.parent.name}/{path.name} is not there")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return Labelled([row[text] for row in rows], [row["label"] for row in rows])
