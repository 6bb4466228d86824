from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import claxon_export
from claxon.errors import BundleNotFoundError, OptionError
from claxon_bench.results import Kind
from claxon_bench.subject import checkpoint_digest, open_subject


def test_sentence_encoder_is_measured_by_its_embedding(tiny_bundle: Path, tiny_checkpoint: Path) -> None:
    measured = open_subject(tiny_bundle, tiny_checkpoint)
    assert (measured.facts.kind, measured.facts.head, measured.facts.max_tokens) == (Kind.ENCODER, None, 48)
    assert measured.facts.digest == measured.bundle.digest
    assert (measured.pooling, measured.normalizes) == ("mean", True)


def test_pretrained_head_makes_it_a_classifier(tiny_classifier: Path, tmp_path: Path) -> None:
    claxon_export.export(tiny_classifier, tmp_path / "bundle", verify=False)
    measured = open_subject(tmp_path / "bundle", None)
    assert measured.facts.kind is Kind.CLASSIFIER
    assert measured.facts.head == measured.bundle.manifest.heads[0].name
    assert measured.facts.checkpoint is None


def test_checkpoint_is_told_by_its_weights(tiny_checkpoint: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(tiny_checkpoint, tmp_path / "copy"))
    assert checkpoint_digest(copy) == checkpoint_digest(tiny_checkpoint)
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert checkpoint_digest(copy) != checkpoint_digest(tiny_checkpoint)


def test_folder_without_weights_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no checkpoint"):
        checkpoint_digest(tmp_path)


def test_no_bundle_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFoundError):
        open_subject(tmp_path, None)
