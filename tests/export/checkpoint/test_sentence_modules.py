"""modules.json and the folders that it names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from claxon_export.checkpoint.sentence_modules import DenseStep, NormalizeStep, PoolingMode, read_modules
from claxon_export.checkpoint.settings.audit import SettingsAudit
from claxon_export.errors import CheckpointError
from tests.sentence_folders import WIDTH, sentence_folder


@pytest.mark.filterwarnings("ignore")
def test_modules_are_read_in_turn_and_dropout_is_left_out(tmp_path: Path) -> None:
    folder = sentence_folder(
        tmp_path, lambda m: [m.Pooling(WIDTH, "max"), m.Dense(WIDTH, 8), m.Dropout(0.1), m.Normalize()]
    )
    modules = read_modules(folder / "modules.json", SettingsAudit())
    assert modules is not None
    assert modules.modes == (PoolingMode.MAX,)
    dense, norm = modules.steps
    assert isinstance(dense, DenseStep)
    assert isinstance(norm, NormalizeStep)
    assert (dense.weight().shape, dense.bias().shape) == ((8, WIDTH), (8,))
    assert (modules.width(WIDTH), modules.width(WIDTH, truncate_dim=4)) == (8, 4)
    assert all(np.isfinite(dense.weight()).ravel())


def _modules(folder: Path, *types: str) -> Path:
    path = folder / "modules.json"
    listed = [{"idx": i, "name": str(i), "path": "" if i == 0 else f"{i}_M", "type": t} for i, t in enumerate(types)]
    path.write_text(json.dumps(listed))
    return path


@pytest.mark.parametrize("kind", ["WeightedLayerPooling", "CNN", "LSTM"])
def test_a_module_that_no_graph_can_be_is_named(kind: str, tmp_path: Path) -> None:
    path = _modules(tmp_path, "sentence_transformers.models.Transformer", f"sentence_transformers.models.{kind}")
    with pytest.raises(CheckpointError, match=kind):
        read_modules(path, SettingsAudit())


def test_a_module_outside_of_the_folder_is_refused(tmp_path: Path) -> None:
    path = _modules(tmp_path, "sentence_transformers.models.Transformer", "sentence_transformers.models.Pooling")
    path.write_text(path.read_text().replace("1_M", "../secret"))
    with pytest.raises(CheckpointError, match="leaves the checkpoint's folder"):
        read_modules(path, SettingsAudit())
