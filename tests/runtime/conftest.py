"""The tiny bundle, loaded; and what its graphs are run with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
from claxon.encoder.features import FloatMatrix
from claxon.engine.session import Session
from tests.texts import TEXTS


@pytest.fixture(scope="session")
def encoder(tiny_bundle: Path) -> claxon.Encoder:
    return claxon.Encoder.load(tiny_bundle, threads=1)


@pytest.fixture(scope="session")
def alone(encoder: claxon.Encoder) -> FloatMatrix:
    """Each of ``TEXTS`` encoded by itself, which no batch can disturb."""
    return np.concatenate([encoder.encode([text]) for text in TEXTS])


@pytest.fixture(scope="session")
def classifier(tiny_bundle: Path) -> claxon.Classifier:
    return claxon.load(tiny_bundle, "sentiment", threads=1)


@pytest.fixture(scope="session")
def topic(tiny_bundle: Path) -> claxon.Classifier:
    return claxon.load(tiny_bundle, head="topic", threads=1)


@pytest.fixture(scope="session")
def several(tiny_bundle: Path) -> claxon.Classifier:
    """Two heads, none of them chosen."""
    return claxon.load(tiny_bundle, threads=1)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, Any]]]:
    """What the graphs are asked for and fed, run by run."""
    found: list[tuple[list[str], dict[str, Any]]] = []
    real = Session.run

    def spy(session: Session, outputs: Any, feeds: Any) -> Any:
        found.append(([str(name) for name in outputs], dict(feeds)))
        return real(session, outputs, feeds)

    monkeypatch.setattr(Session, "run", spy)
    return found
