"""Options have one list of defaults, which is complete."""

from __future__ import annotations

import inspect

import pytest

from claxon.classifier import Classifier
from claxon.encoder.encoder import Encoder
from claxon.encoder.run_options import ENCODE_DEFAULTS, RUN_DEFAULTS, EncodeOptions, RunOptions


@pytest.mark.parametrize("call", [Encoder.encode, Encoder.features, Classifier.predict, Classifier.predict_proba])
def test_every_call_that_runs_texts_has_the_same_options_and_defaults(call: object) -> None:
    parameters = inspect.signature(call).parameters  # type: ignore[arg-type]
    assert {name: parameters[name].default for name in RUN_DEFAULTS} == RUN_DEFAULTS


def test_every_option_has_its_default() -> None:
    assert RUN_DEFAULTS.keys() == inspect.get_annotations(RunOptions).keys()
    assert ENCODE_DEFAULTS.keys() == RUN_DEFAULTS.keys() | inspect.get_annotations(EncodeOptions).keys()
