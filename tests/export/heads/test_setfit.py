"""A folder as SetFit writes it becomes a bundle with its head, if its pickle is trusted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import claxon
import claxon_export
from claxon.cli.main import main
from claxon.errors import OptionError
from claxon_export.errors import HeadError
from tests.texts import REVIEWS, TEXTS

pytestmark = pytest.mark.filterwarnings("ignore::claxon.TruncationWarning")
MOODS = list(REVIEWS.values())


def write_setfit(checkpoint: Path, folder: Path, encoder: claxon.Encoder, targets: Any, **settings: Any) -> Any:
    """The folder, and the classifier that was written into it."""
    shutil.copytree(checkpoint, folder)
    head = LogisticRegression().fit(encoder.encode(list(REVIEWS)), targets)
    joblib.dump(head, folder / "model_head.pkl")
    (folder / "config_setfit.json").write_text(json.dumps({"normalize_embeddings": False, "labels": None} | settings))
    return head


@pytest.fixture(scope="module")
def encoder(tiny_bundle: Path) -> claxon.Encoder:
    return claxon.Encoder.load(tiny_bundle, threads=1)


@pytest.mark.parametrize(
    ("targets", "settings", "labels"),
    [
        (MOODS, {}, ("negative", "positive")),
        ([int(mood == "positive") for mood in MOODS], {"labels": ["bad", "good"]}, ("bad", "good")),
        ([int(mood == "positive") for mood in MOODS], {"normalize_embeddings": True}, (0, 1)),
    ],
)
def test_the_head_comes_with_the_body(
    targets: Any, settings: Any, labels: Any, tiny_checkpoint: Path, encoder: claxon.Encoder, tmp_path: Path
) -> None:
    head = write_setfit(tiny_checkpoint, tmp_path / "setfit", encoder, targets, **settings)
    bundle = claxon_export.export(tmp_path / "setfit", tmp_path / "out", trust_pickle=True)
    found = claxon.load(bundle.path, threads=1)
    assert found.labels == labels
    np.testing.assert_allclose(found.predict_proba(TEXTS), head.predict_proba(encoder.encode(TEXTS)), atol=1e-5)


def test_a_pickle_that_nobody_trusts_is_not_opened(
    tiny_checkpoint: Path, encoder: claxon.Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_setfit(tiny_checkpoint, tmp_path / "setfit", encoder, MOODS)
    monkeypatch.setattr(joblib, "load", lambda _: pytest.fail("it was opened"))
    with pytest.warns(UserWarning, match="so its head is left out; --trust-pickle"):
        bundle = claxon_export.export(tmp_path / "setfit", tmp_path / "out", verify=False)
    assert bundle.manifest.heads == ()


def test_trust_in_what_is_no_pickle_is_an_error(tiny_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"no model_head\.pkl"):
        claxon_export.export(tiny_checkpoint, tmp_path / "out", trust_pickle=True)


@pytest.mark.parametrize(
    ("settings", "content", "words"),
    [({"labels": ["one"]}, None, "names 1 labels, but the classes are"), ({}, b"nonsense", "cannot be opened")],
)
def test_a_head_that_cannot_be_read_is_an_error(
    settings: Any, content: Any, words: str, tiny_checkpoint: Path, encoder: claxon.Encoder, tmp_path: Path
) -> None:
    write_setfit(tiny_checkpoint, tmp_path / "setfit", encoder, [int(mood == "positive") for mood in MOODS], **settings)
    if content is not None:
        (tmp_path / "setfit" / "model_head.pkl").write_bytes(content)
    with pytest.raises(HeadError, match=words):
        claxon_export.export(tmp_path / "setfit", tmp_path / "out", trust_pickle=True, verify=False)
    assert not (tmp_path / "out").exists()


def test_the_command_takes_it_too(tiny_checkpoint: Path, encoder: claxon.Encoder, tmp_path: Path) -> None:
    write_setfit(tiny_checkpoint, tmp_path / "setfit", encoder, MOODS)
    words = ["export", str(tmp_path / "setfit"), str(tmp_path / "out"), "--trust-pickle", "--no-verify"]
    assert main(words) == 0
    assert claxon.load(tmp_path / "out").labels == ("negative", "positive")
