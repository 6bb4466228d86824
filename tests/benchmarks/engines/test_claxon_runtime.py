from __future__ import annotations

from pathlib import Path

import pytest

import claxon_export
from claxon_bench.contenders import Contender
from claxon_bench.engines.claxon_runtime import load
from claxon_bench.engines.serving import Setup
from claxon_bench.roster import claxon_engine
from tests.measurements import sample_arena


@pytest.fixture
def setup(tiny_bundle: Path, tmp_path: Path) -> Setup:
    return Contender(claxon_engine("fp32"), sample_arena(tiny_bundle, tmp_path))._setup(16)


def test_encoder_gives_vectors(setup: Setup) -> None:
    engine = load(setup)
    assert engine(["great book", "bad"], None).shape == (2, 32)
    assert engine.runs == "fp32 on cpu"


def test_batch_size_that_is_asked_for_is_met(setup: Setup) -> None:
    engine = load(setup)
    assert engine(["great book"] * 100, 100) == pytest.approx(engine(["great book"] * 100, 3), abs=1e-5)
    assert engine._encoder.token_budget == 3 * 16


def test_texts_are_streamed(setup: Setup) -> None:
    engine = load(setup)
    assert next(iter(engine.stream(["great book", "bad"]))) == pytest.approx(engine(["great book"], None)[0], abs=1e-5)


def test_classifier_gives_probabilities(tiny_classifier: Path, tmp_path: Path) -> None:
    claxon_export.export(tiny_classifier, tmp_path / "bundle", verify=False)
    arena = sample_arena(tmp_path / "bundle", tmp_path)
    engine = load(Contender(claxon_engine("fp32"), arena)._setup(16))
    found = engine(["great book"], None)
    assert found.shape == (1, 2)
    assert found.sum() == pytest.approx(1)
    assert next(iter(engine.stream(["great book"]))) == pytest.approx(found[0])
