"""config.json, every key looked at, and what sentence-transformers says beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claxon_export.checkpoint.settings.audit import SettingsAudit
from claxon_export.checkpoint.settings.config import read_config
from claxon_export.errors import CheckpointError
from tests.checkpoints import write_checkpoint


def _with(folder: Path, **settings: object) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))
    return folder


def test_a_plain_config_is_read(tmp_path: Path) -> None:
    config = read_config(write_checkpoint(tmp_path / "c", "bert"), {}, SettingsAudit())
    assert config["model_type"] == "bert"


def test_arguments_win(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", "bert")
    assert read_config(folder, {"layer_norm_eps": 0.5}, SettingsAudit())["layer_norm_eps"] == 0.5


def test_an_unknown_key_is_refused_unless_it_is_accepted(tmp_path: Path) -> None:
    folder = _with(write_checkpoint(tmp_path / "c", "bert"), twist=3)
    with pytest.raises(CheckpointError, match=r"config\.json.*'twist'"):
        read_config(folder, {}, SettingsAudit())
    assert read_config(folder, {}, SettingsAudit(accepted=("twist",)))["twist"] == 3


def test_a_decoder_is_refused(tmp_path: Path) -> None:
    folder = _with(write_checkpoint(tmp_path / "c", "bert"), is_decoder=True)
    with pytest.raises(CheckpointError, match="is_decoder"):
        read_config(folder, {}, SettingsAudit())
