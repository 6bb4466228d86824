"""A tiny checkpoint's linear layers, observed and quantised once."""

from __future__ import annotations

from pathlib import Path

import pytest

from claxon.text.tokenizer import Tokenizer
from claxon_export.checkpoint.checkpoint import Checkpoint, open_checkpoint
from claxon_export.int8.layer import QuantizedLayer
from claxon_export.int8.observation import Observed, observe
from claxon_export.int8.plan import quantize_layers
from claxon_export.parity.parity import calibration_texts


@pytest.fixture(scope="session")
def checkpoint(tiny_checkpoint: Path) -> Checkpoint:
    return open_checkpoint(tiny_checkpoint)


@pytest.fixture(scope="session")
def observed(checkpoint: Checkpoint) -> dict[str, Observed]:
    tokenizer = Tokenizer(checkpoint.tokenizer_json.encode(), max_tokens=checkpoint.max_tokens, prompt="")
    return observe(checkpoint, tokenizer(calibration_texts()))


@pytest.fixture(scope="session")
def layers(observed: dict[str, Observed]) -> dict[str, QuantizedLayer]:
    return quantize_layers(observed)
