"""Options have one list of defaults, which is complete."""

from __future__ import annotations

import inspect

from claxon.encoder.run_options import ENCODE_DEFAULTS, RUN_DEFAULTS, EncodeOptions, RunOptions


def test_every_option_has_its_default() -> None:
    assert RUN_DEFAULTS.keys() == inspect.get_annotations(RunOptions).keys()
    assert ENCODE_DEFAULTS.keys() == RUN_DEFAULTS.keys() | inspect.get_annotations(EncodeOptions).keys()
