from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import claxon
import claxon_export
from claxon.errors import OptionError
from claxon_export.checkpoint.checkpoint import open_checkpoint
from claxon_export.parity.reference import forward

TOLERANCE = 1e-5
TEXTS = ["good book", "a", "the phone broke today , it is really awful", ""]


def test_token_states_leave_the_graph_only_when_asked_for(tiny_bundle: Path) -> None:
    encoder = claxon.Encoder.load(tiny_bundle)
    assert not encoder.spec.token_states
    with pytest.raises(OptionError, match="export it with --token-states"):
        encoder.token_states(["good"])


def test_token_states_are_those_of_the_source(tiny_checkpoint: Path, tmp_path: Path) -> None:
    claxon_export.export(tiny_checkpoint, tmp_path / "bundle", verify=False, token_states=True)
    encoder = claxon.Encoder.load(tmp_path / "bundle")
    states = encoder.token_states(TEXTS)
    checkpoint, tokens = open_checkpoint(tiny_checkpoint), encoder.tokenize(TEXTS)
    for result, ids in zip(states, np.split(tokens.input_ids, tokens.starts[1:]), strict=True):
        expected = forward(
            checkpoint.architecture, checkpoint.config, checkpoint.weights, ids[None], np.ones_like(ids)[None]
        )
        np.testing.assert_allclose(result, expected[0], atol=TOLERANCE)


def test_their_mean_is_the_feature(tiny_checkpoint: Path, tmp_path: Path) -> None:
    claxon_export.export(tiny_checkpoint, tmp_path / "bundle", verify=False, token_states=True)
    encoder = claxon.Encoder.load(tmp_path / "bundle")
    means = np.stack([state.mean(axis=0) for state in encoder.token_states(TEXTS, batch_size=2)])
    np.testing.assert_allclose(means, encoder.encode(TEXTS, feature="mean"), atol=TOLERANCE)
    assert encoder.token_states([]) == []
