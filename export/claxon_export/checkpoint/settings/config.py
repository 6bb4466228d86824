"""config.json, and what wins over it; every key is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claxon_export.checkpoint.hub import read_json
from claxon_export.checkpoint.settings.audit import SettingsAudit
from claxon_export.checkpoint.settings.tables import CONFIG, CONFIG_OF_MODEL
from claxon_export.checkpoint.ways_in import check_quantized
from claxon_export.errors import CheckpointError

NAME = "config.json"
TASKS = ("text-classification", "sentiment-analysis")


def read_config(folder: Path, arguments: Mapping[str, Any], audit: SettingsAudit) -> dict[str, Any]:
    """Read config.json.

    Args:
        folder: The checkpoint.
        arguments: What wins over it.
        audit: Looks at every key.

    Raises:
        CheckpointError: it is no transformers checkpoint's, or has a setting that cannot be exported.
    """
    config = read_json(folder / NAME)
    if not isinstance(config.get("model_type"), str):
        raise CheckpointError(
            f"{folder / NAME} has no model_type: expected a transformers checkpoint, "
            'with "model_type": "distilbert" or the like'
        )
    check_quantized(config, folder)
    config |= arguments
    seen = dict(config)
    # What other tasks ask for is nothing to a classifier.
    if isinstance(seen.get("task_specific_params"), dict) and not {*TASKS} & {*seen["task_specific_params"]}:
        del seen["task_specific_params"]
    own = CONFIG_OF_MODEL.get(config["model_type"])
    if own is None:  # transformers itself reads the file when optimum traces the model
        seen = {key: value for key, value in seen.items() if key in CONFIG.refused}
    audit.check(NAME, seen, CONFIG, own or ())
    return config
