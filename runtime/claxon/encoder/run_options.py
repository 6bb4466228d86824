"""The options of every call that runs texts, and their defaults."""

from __future__ import annotations

from typing import TypedDict

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
