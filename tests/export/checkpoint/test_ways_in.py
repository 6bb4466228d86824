"""Folders that hold something else than a checkpoint: the error names the cause in the folder and the cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from claxon_export.checkpoint.ways_in import check_folder, check_quantized, check_shards
from claxon_export.errors import CheckpointError
from tests.checkpoints import write_checkpoint

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"


def test_a_whole_checkpoint_passes(tmp_path: Path) -> None:
    check_folder(write_checkpoint(tmp_path / "c", "bert"))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("model.safetensors", POINTER, "Git LFS pointer.*git lfs pull"),
        ("model.safetensors.incomplete", b"x", "a download that did not end"),
        ("tf_model.h5", b"x", "TensorFlow.*from_tf=True"),
        ("flax_model.msgpack", b"x", "Flax.*from_flax=True"),
    ],
)
def test_what_is_there_instead_is_named(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=words):
        check_folder(tmp_path)


def test_shards_without_their_index_are_named(tmp_path: Path) -> None:
    (tmp_path / "model-00001-of-00002.safetensors").write_bytes(b"x")
    with pytest.raises(CheckpointError, match=r"index\.json"):
        check_shards(tmp_path)


@pytest.mark.parametrize("settings", [{"quant_method": "bitsandbytes", "load_in_8bit": True}, {"quant_method": "gptq"}])
def test_a_quantized_checkpoint_is_named(settings: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="quantized"):
        check_quantized({"quantization_config": settings}, tmp_path)
    check_quantized({}, tmp_path)


def test_open_checkpoint_says_it_before_any_work(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "c", "bert")
    (folder / "model.safetensors").write_bytes(POINTER)
    with pytest.raises(CheckpointError, match="git lfs pull"):
        open_checkpoint(folder, pooling=Pooling.MEAN)
