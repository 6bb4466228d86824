"""tokenizer_config.json and its like: every key is looked at; the limit, and the side where long texts are cut."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claxon.bundle.manifest import TruncationSide
from claxon_export.checkpoint.hub import read_json
from claxon_export.checkpoint.settings.audit import SettingsAudit
from claxon_export.checkpoint.settings.tables import SPECIAL_TOKENS_MAP, TOKENIZER_CONFIG, TOKENIZER_JSON
from claxon_export.errors import CheckpointError

_NO_LIMIT = 10**9  # transformers writes 1e30 where a tokenizer has no limit


def read_tokenizer_settings(folder: Path, arguments: Mapping[str, Any], audit: SettingsAudit) -> dict[str, Any]:
    """tokenizer_config.json with what wins over it; {} where there is none.

    Args:
        folder: The checkpoint.
        arguments: What sentence-transformers gives the tokenizer.
        audit: Looks at every key, those of special_tokens_map.json and tokenizer.json too.

    Raises:
        CheckpointError: a key cannot be exported.
    """
    settings = {**_read(folder / "tokenizer_config.json"), **arguments}
    audit.check("tokenizer_config.json", settings, TOKENIZER_CONFIG)
    audit.check("special_tokens_map.json", _read(folder / "special_tokens_map.json"), SPECIAL_TOKENS_MAP)
    audit.check("tokenizer.json", _read(folder / "tokenizer.json"), TOKENIZER_JSON)
    return settings


def stated_limit(settings: Mapping[str, Any], max_seq_length: int | None) -> int | None:
    """The length limit that a file states: sentence-transformers' own before the tokenizer's."""
    limit = max_seq_length or settings.get("model_max_length", settings.get("max_len"))
    return int(limit) if limit and limit < _NO_LIMIT else None


def truncation_side(folder: Path, settings: Mapping[str, Any]) -> TruncationSide:
    """Where a long text is cut: tokenizer_config.json, else tokenizer.json's own truncation, else at the right.

    Raises:
        CheckpointError: it is neither left nor right.
    """
    side = settings.get("truncation_side")
    if side is None:
        truncation = _read(folder / "tokenizer.json").get("truncation") or {}
        side = str(truncation.get("direction", TruncationSide.RIGHT)).lower()
    if side not in set(TruncationSide):
        raise CheckpointError(
            f"tokenizer_config.json: truncation_side is {side!r:.40}, expected {' or '.join(TruncationSide)}"
        )
    return TruncationSide(side)


def _read(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}
