"""Each tiny architecture's graph, written once."""

from __future__ import annotations

import pytest

from tests.encoder_graphs import ARCHITECTURES, TinyEncoder, encoder_of


@pytest.fixture(scope="session")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TinyEncoder]:
    """A tiny sentence encoder of each architecture, mean-pooled."""
    return {name: encoder_of(tmp_path_factory.mktemp(name), name) for name in ARCHITECTURES}


@pytest.fixture(params=ARCHITECTURES)
def encoder(request: pytest.FixtureRequest, encoders: dict[str, TinyEncoder]) -> TinyEncoder:
    """One after the other of them."""
    return encoders[request.param]
