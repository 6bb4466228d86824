"""Encoders and classifiers that are pickled, copied and sent: path, digest and options travel, nothing else."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

import claxon
from claxon.engine.providers import Device
from claxon.errors import ClosedError, DeviceError, IntegrityError, OptionError
from tests.bundles import reseal
from tests.texts import TEXTS

TOLERANCE = 1e-6


def sent(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


@pytest.mark.parametrize("travel", [sent, copy.copy, copy.deepcopy])
def test_a_classifier_is_the_same_after_it_travelled(travel: Any, several: claxon.Classifier) -> None:
    other = travel(several)
    assert other.encoder is not several.encoder or travel is copy.copy
    for name, found in other.predictions_all(TEXTS).items():
        expected = several.predictions_all(TEXTS)[name]
        np.testing.assert_allclose(found.scores, expected.scores, atol=TOLERANCE)
        assert found.labels.tolist() == expected.labels.tolist()


def test_the_options_travel(tiny_bundle: Path) -> None:
    encoder = claxon.Encoder.load(tiny_bundle, device="cpu", precision="fp32", threads=2, max_tokens=7)
    encoder.token_budget = 99
    other = sent(encoder)
    assert (other.max_tokens, other.precision, other.token_budget) == (7, "fp32", 99)
    assert other._load_spec.options == encoder._load_spec.options


def test_the_pickled_state_is_small_and_has_no_weights(several: claxon.Classifier) -> None:
    assert len(pickle.dumps(several.encoder)) < 2000
    assert len(pickle.dumps(several)) < 40_000


def test_a_classifier_of_labels_travels(encoder: claxon.Encoder) -> None:
    likert = claxon.Classifier.from_labels(encoder, ["bad", "good"])
    np.testing.assert_allclose(sent(likert).similarity(TEXTS), likert.similarity(TEXTS), atol=TOLERANCE)


def test_a_relative_path_travels_as_a_whole_one(copied_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copied_bundle.parent)
    classifier = claxon.load(copied_bundle.name, "sentiment", threads=1)
    content = pickle.dumps(classifier)
    monkeypatch.chdir("/")
    for other in (pickle.loads(content), sent(classifier)):
        assert len(other.predict(TEXTS)) == len(TEXTS)


def test_a_bundle_that_was_replaced_meanwhile_is_noticed(copied_bundle: Path) -> None:
    contents = [
        pickle.dumps(thing) for thing in (claxon.Encoder.load(copied_bundle), claxon.load(copied_bundle, "topic"))
    ]
    reseal(copied_bundle, lambda manifest: replace(manifest, provenance=replace(manifest.provenance, revision="other")))
    for content in contents:
        with pytest.raises(IntegrityError, match="this is a different bundle"):
            pickle.loads(content)


def test_a_bundle_that_is_gone_is_told(copied_bundle: Path) -> None:
    content = pickle.dumps(claxon.Encoder.load(copied_bundle))
    shutil.rmtree(copied_bundle)
    with pytest.raises(claxon.BundleNotFoundError):
        pickle.loads(content)


def test_session_options_do_not_travel(tiny_bundle: Path) -> None:
    encoder = claxon.Encoder.load(tiny_bundle, session_options=onnxruntime.SessionOptions())
    assert encoder._runner is not None
    with pytest.raises(OptionError, match="loaded with session_options, so it cannot be pickled or copied"):
        pickle.dumps(encoder)
    with pytest.raises(OptionError, match="cannot be used in a forked process"):
        encoder._load_spec.runner_of_child(encoder._runner.get())


def test_a_closed_encoder_does_not_travel(tiny_bundle: Path) -> None:
    encoder = claxon.Encoder.load(tiny_bundle)
    encoder.close()
    with pytest.raises(ClosedError):
        pickle.dumps(encoder)


@pytest.mark.parametrize("device", [Device.CUDA, Device.OPENVINO])
def test_a_device_that_a_forked_child_cannot_use_is_told(device: Device, encoder: claxon.Encoder) -> None:
    assert encoder._runner is not None
    with pytest.raises(DeviceError, match=f"runs on {device}, which a forked process cannot use: .* 'spawn'"):
        replace(encoder._load_spec, device=device).runner_of_child(encoder._runner.get())


def _scores(classifier: claxon.Classifier) -> tuple[int, list[list[float]]]:
    return os.getpid(), classifier.predict_proba(TEXTS).tolist()


def test_a_spawned_process_gets_what_this_one_gets(classifier: claxon.Classifier) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pid, scores = pool.apply_async(_scores, [classifier]).get(timeout=120)
    assert pid != os.getpid()
    np.testing.assert_allclose(scores, classifier.predict_proba(TEXTS), atol=TOLERANCE)


def test_a_digest_is_pinned_at_load(tiny_bundle: Path) -> None:
    digest = claxon.Bundle.open(tiny_bundle).digest
    claxon.load(tiny_bundle, "topic", expected_digest=digest)
    for load in (claxon.load, claxon.Encoder.load):
        with pytest.raises(IntegrityError, match="this is a different bundle"):
            load(tiny_bundle, expected_digest="0" * 64)
