"""Tensors come back float32 whatever they are stored as, and damaged files are named."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from claxon_export.checkpoint.weights import MissingTensorError, open_weights
from claxon_export.errors import CheckpointError

VALUES = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
BFLOAT16_STEP = 2.0**-7  # relative: what cutting a float32 to 8 significant bits loses at most


def _save(path: Path, **tensors: np.ndarray[Any, Any]) -> None:
    save_file(tensors, path)


def _save_bfloat16(path: Path, values: np.ndarray[Any, np.dtype[np.float32]]) -> None:
    """safetensors' numpy side cannot write bfloat16, so the header is written by hand."""
    bits = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    header = {"w": {"dtype": "BF16", "shape": values.shape, "data_offsets": [0, len(bits)]}}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bits)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_floats_come_back_float32(tmp_path: Path, dtype: type[np.floating[Any]]) -> None:
    stored = VALUES.astype(dtype)
    _save(tmp_path / "model.safetensors", w=stored)
    read = open_weights(tmp_path)["w"]
    assert read.dtype == np.float32
    assert read.flags.c_contiguous
    assert np.array_equal(read, stored.astype(np.float32))


def test_bfloat16_comes_back_float32(tmp_path: Path) -> None:
    _save_bfloat16(tmp_path / "model.safetensors", VALUES)
    read = open_weights(tmp_path)["w"]
    assert read.dtype == np.float32
    assert np.allclose(read, VALUES, rtol=BFLOAT16_STEP, atol=0)
    assert np.array_equal(read.view(np.uint32), VALUES.view(np.uint32) & 0xFFFF0000)


def test_buffers_come_back_as_they_are(tmp_path: Path) -> None:
    _save(tmp_path / "model.safetensors", position_ids=np.arange(4), mask=np.array([True, False]))
    weights = open_weights(tmp_path)
    assert weights["position_ids"].dtype == np.int64
    assert weights["position_ids"].tolist() == [0, 1, 2, 3]
    assert weights["mask"].tolist() == [True, False]
    assert weights.parameter_count == 0


def test_scalars_and_empty_tensors_keep_their_shape(tmp_path: Path) -> None:
    _save(tmp_path / "model.safetensors", scalar=np.array(2.5, np.float16), empty=np.zeros((0, 3), np.float32))
    weights = open_weights(tmp_path)
    assert weights["scalar"].shape == ()
    assert weights["scalar"] == 2.5
    assert weights["empty"].shape == (0, 3)


def test_float32_is_a_view_of_the_file(tmp_path: Path) -> None:
    _save(tmp_path / "model.safetensors", w=VALUES)
    read = open_weights(tmp_path)["w"]
    base: Any = read
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    assert not read.flags.writeable


def test_it_is_a_mapping(tmp_path: Path) -> None:
    _save(tmp_path / "model.safetensors", a=VALUES, b=VALUES[:1], ids=np.arange(2))
    weights = open_weights(tmp_path)
    assert sorted(weights) == ["a", "b", "ids"]
    assert len(weights) == 3
    assert "a" in weights
    assert "c" not in weights
    assert weights.get("c") is None
    assert weights.shape("a") == (3, 4)
    assert weights.parameter_count == VALUES.size + 4
    assert weights.files == (tmp_path / "model.safetensors",)


def test_a_missing_tensor_names_the_nearest(tmp_path: Path) -> None:
    _save(tmp_path / "model.safetensors", **{"classifier.weight": VALUES, "x": VALUES})
    with pytest.raises(MissingTensorError) as caught:
        open_weights(tmp_path)["classifier.wieght"]
    assert str(caught.value).startswith("no tensor 'classifier.wieght' in ")
    assert str(caught.value).endswith("the nearest: classifier.weight")
    assert isinstance(caught.value, CheckpointError)
    assert isinstance(caught.value, KeyError)


def test_old_layer_norm_names_are_modern(tmp_path: Path) -> None:
    _save(tmp_path / "model.safetensors", **{"a.LayerNorm.gamma": VALUES, "a.LayerNorm.beta": VALUES + 1})
    weights = open_weights(tmp_path)
    assert set(weights) == {"a.LayerNorm.weight", "a.LayerNorm.bias"}
    assert np.array_equal(weights["a.LayerNorm.bias"], VALUES + 1)


def _save_shards(folder: Path) -> None:
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    _save(folder / names[0], a=VALUES)
    _save(folder / names[1], b=VALUES + 1)
    index = {"weight_map": {"a": names[0], "b": names[1]}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def test_shards_are_one(tmp_path: Path) -> None:
    _save_shards(tmp_path)
    weights = open_weights(tmp_path)
    assert np.array_equal(weights["a"], VALUES)
    assert np.array_equal(weights["b"], VALUES + 1)
    assert {path.name for path in weights.files} == {path.name for path in tmp_path.iterdir()}


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    _save_shards(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointError, match="not in the folder: model-00002-of-00002"):
        open_weights(tmp_path)


def test_an_index_without_a_map_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(CheckpointError, match="no weight_map"):
        open_weights(tmp_path)


@pytest.mark.parametrize("kept", [0, 5, 40, -1])
def test_a_file_cut_short_is_named(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "model.safetensors"
    _save(path, w=VALUES)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged or cut short"):
        open_weights(tmp_path)


def test_something_else_than_safetensors_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(CheckpointError, match="fetch it again"):
        open_weights(tmp_path)


def test_an_unreadable_dtype_is_named(tmp_path: Path) -> None:
    header = json.dumps({"w": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}).encode()
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    with pytest.raises(CheckpointError, match="tensor w is F8_E4M3"):
        open_weights(tmp_path)["w"]


def test_no_weights_at_all(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"expected model\.safetensors"):
        open_weights(tmp_path)


def test_a_pickle_is_read_by_torch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    tensors = {"w": torch.from_numpy(VALUES.copy()).T.bfloat16(), "ids": torch.arange(3)}
    torch.save(tensors, tmp_path / "pytorch_model.bin")
    weights = open_weights(tmp_path)
    assert weights["w"].dtype == np.float32
    assert weights["w"].flags.c_contiguous
    assert weights["w"].shape == weights.shape("w") == (4, 3)
    assert np.allclose(weights["w"].T, VALUES, rtol=BFLOAT16_STEP, atol=0)
    assert weights["ids"].tolist() == [0, 1, 2]
    assert weights.parameter_count == VALUES.size


def test_safetensors_are_preferred_to_a_pickle(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"not to be opened")
    _save(tmp_path / "model.safetensors", w=VALUES)
    assert np.array_equal(open_weights(tmp_path)["w"], VALUES)


def test_a_pickle_of_anything_else_is_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"w": [1, 2]}, tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="does not contain named tensors"):
        open_weights(tmp_path)
    torch.save(Path("an object"), tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="cannot be read by torch"):
        open_weights(tmp_path)


def test_a_pickle_without_torch_says_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(CheckpointError, match=r"pip install torch, or convert them once where torch is"):
        open_weights(tmp_path)


def test_a_real_checkpoint_reads_as_safetensors_reads_it(shared_models_folder: Path) -> None:
    folder = shared_models_folder / "distilbert-sst2-mini"
    weights = open_weights(folder)
    expected = load_file(folder / "model.safetensors")
    assert set(weights) == set(expected)
    for name, tensor in expected.items():
        assert np.array_equal(weights[name], tensor.astype(np.float32)), name
