"""tokenizer_config.json: limits and the side where texts are cut."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claxon.bundle.manifest import TruncationSide
from claxon_export.checkpoint.settings.audit import SettingsAudit
from claxon_export.checkpoint.settings.tokenizer_settings import (
    read_tokenizer_settings,
    stated_limit,
    truncation_side,
)
from claxon_export.errors import CheckpointError
from tests.checkpoints import write_checkpoint


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert read_tokenizer_settings(tmp_path, {}, SettingsAudit()) == {}


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text('{"twist": true}')
    with pytest.raises(CheckpointError, match=r"tokenizer_config\.json.*twist"):
        read_tokenizer_settings(tmp_path, {}, SettingsAudit())


@pytest.mark.parametrize(
    ("settings", "max_seq_length", "limit"),
    [({}, None, None), ({"model_max_length": 64}, None, 64), ({"model_max_length": 64}, 16, 16),
     ({"model_max_length": 10**30}, None, None)],
)  # fmt: skip
def test_the_stated_limit(settings: dict[str, Any], max_seq_length: int | None, limit: int | None) -> None:
    assert stated_limit(settings, max_seq_length) == limit


def test_the_side_is_read(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", "bert")
    assert truncation_side(folder, {}) is TruncationSide.RIGHT
    assert truncation_side(folder, {"truncation_side": "left"}) is TruncationSide.LEFT
    with pytest.raises(CheckpointError, match="truncation_side"):
        truncation_side(folder, {"truncation_side": "middle"})


def test_the_tokenizers_own_side_counts_where_the_settings_say_none(tmp_path: Path) -> None:
    document = {"truncation": {"direction": "Left", "max_length": 8, "strategy": "LongestFirst", "stride": 0}}
    (tmp_path / "tokenizer.json").write_text(json.dumps(document))
    assert truncation_side(tmp_path, {}) is TruncationSide.LEFT
