"""LoRA adapters, merged into their base in numpy. Hu et al. 2021, https://arxiv.org/abs/2106.09685"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from claxon_export.checkpoint.adapter import is_adapter, merge_adapter
from claxon_export.checkpoint.settings.audit import SettingsAudit
from claxon_export.checkpoint.weights import open_weights
from claxon_export.errors import CheckpointError
from tests.checkpoints import write_checkpoint

TARGET = "distilbert.transformer.layer.0.attention.q_lin"
RANK, ALPHA = 2, 6


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    base = write_checkpoint(tmp_path / "base", "distilbert", labels=("NEGATIVE", "POSITIVE"))
    rng, width = np.random.default_rng(0), open_weights(base)[f"{TARGET}.weight"].shape[0]
    folder = tmp_path / "adapter"
    folder.mkdir()
    tensors = {
        f"base_model.model.{TARGET}.lora_A.weight": rng.normal(size=(RANK, width)).astype(np.float32),
        f"base_model.model.{TARGET}.lora_B.weight": rng.normal(size=(width, RANK)).astype(np.float32),
    }
    save_file(tensors, folder / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "task_type": "SEQ_CLS", "r": RANK, "lora_alpha": ALPHA, "bias": "none",
                "target_modules": ["q_lin"], "base_model_name_or_path": str(base)}  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    return folder


def test_an_adapter_is_known_by_its_settings(adapter: Path) -> None:
    assert is_adapter(adapter)
    assert not is_adapter(adapter.parent / "base")


def test_the_change_of_a_layer_is_added_at_its_scale(adapter: Path, tmp_path: Path) -> None:
    out = tmp_path / "merged"
    out.mkdir()
    note = merge_adapter(adapter, out, SettingsAudit())
    assert "merged into" in note
    before, after = open_weights(tmp_path / "base"), open_weights(out)
    held = open_weights_of(adapter)
    delta = held[f"{TARGET}.lora_B.weight"] @ held[f"{TARGET}.lora_A.weight"]
    expected = before[f"{TARGET}.weight"] + ALPHA / RANK * delta
    np.testing.assert_allclose(after[f"{TARGET}.weight"], expected, rtol=1e-5, atol=1e-6)
    other = "distilbert.transformer.layer.1.attention.q_lin.weight"
    np.testing.assert_array_equal(after[other], before[other])


def open_weights_of(folder: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    tensors = load_file(folder / "adapter_model.safetensors")
    return {name.removeprefix("base_model.model."): value for name, value in tensors.items()}


def test_a_base_that_is_not_there_is_named_with_the_cure(adapter: Path, tmp_path: Path) -> None:
    settings = json.loads((adapter / "adapter_config.json").read_text())
    settings["base_model_name_or_path"] = str(tmp_path / "nowhere")
    (adapter / "adapter_config.json").write_text(json.dumps(settings))
    with pytest.raises(CheckpointError, match=r"nowhere.*merge_and_unload"):
        merge_adapter(adapter, tmp_path / "merged", SettingsAudit())
