"""A tiny checkpoint's linear layers, observed and quantised once."""

from __future__ import annotations

from pathlib import Path

import pytest

from claxon.tokenization import Tokenizer
from claxon_export.checkpoint import Checkpoint, open_checkpoint
from claxon_export.parity import calibration_texts
from claxon_export.quantization.layer import QuantizedLayer
from claxon_export.quantization.observation import Observed, observe
from claxon_export.quantization.plan import quantize_layers


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
