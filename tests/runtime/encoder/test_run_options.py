from __future__ import annotations

import inspect

import pytest

from claxon.classifier import Classifier
from claxon.encoder.encoder import Encoder
from claxon.encoder.run_options import RUN_DEFAULTS


@pytest.mark.parametrize("call", [Encoder.encode, Encoder.features, Classifier.predict, Classifier.predict_proba])
def test_every_call_that_runs_texts_has_the_same_options_and_defaults(call: object) -> None:
    parameters = inspect.signature(call).parameters  # type: ignore[arg-type]
    assert {name: parameters[name].default for name in RUN_DEFAULTS} == RUN_DEFAULTS
