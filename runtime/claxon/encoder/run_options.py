"""The options of every call that runs texts, and their defaults."""

from __future__ import annotations

from typing import TypedDict

from claxon.encoder.embeddings import Quantization
from claxon.text.inputs import OnError
from claxon.text.truncation import OnTruncation


class RunOptions(TypedDict, total=False):
    """How texts are run; ``Encoder.encode`` explains each option."""

    batch_size: int | None
    show_progress_bar: bool
    on_truncation: str
    errors: str


RUN_DEFAULTS: RunOptions = {
    "batch_size": None,
    "show_progress_bar": False,
    "on_truncation": OnTruncation.WARN,
    "errors": OnError.RAISE,
}


class EncodeOptions(RunOptions, total=False):
    """What ``Encoder.encode`` takes."""

    feature: str | None
    prompt_name: str | None
    prompt: str | None
    normalize_embeddings: bool
    truncate_dim: int | None
    precision: str
    convert_to_numpy: bool


ENCODE_DEFAULTS: EncodeOptions = {
    **RUN_DEFAULTS,
    "feature": None,
    "prompt_name": None,
    "prompt": None,
    "normalize_embeddings": False,
    "truncate_dim": None,
    "precision": Quantization.FLOAT32,
    "convert_to_numpy": True,
}
