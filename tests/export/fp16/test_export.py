"""The fp16 graph of tiny checkpoints, on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from claxon.bundle.manifest import Precision
from claxon.bundle.safetensors import read_tensors
from claxon.engine.session import Session, engine_request
from claxon_export.checkpoint.checkpoint import Checkpoint, open_checkpoint
from claxon_export.errors import CheckpointError
from claxon_export.fp16 import write_fp16
from claxon_export.parity.parity import cosine
from tests.checkpoints import write_checkpoint
from tests.encoder_graphs import ARCHITECTURES, TinyEncoder, random_batch, reference_features, write_graph

# Two layers of random weights, in float16.
LEAST_COSINE = 0.9999
# The CPU rounds at other places in another batch.
BATCH_TOLERANCE = 5e-3


@pytest.fixture(scope="module", params=ARCHITECTURES)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return open_checkpoint(write_checkpoint(tmp_path_factory.mktemp("fp16"), request.param))


@pytest.fixture(scope="module")
def folder(source: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    variant = write_fp16(source, folder)
    assert (variant.precision, variant.devices, variant.requires) == (Precision.FP16, ("cuda",), ())
    return folder


@pytest.fixture(scope="module")
def session(folder: Path) -> Session:
    weights = read_tensors(np.fromfile(folder / "encoder.fp16.safetensors", np.uint8))
    return Session((folder / "encoder.fp16.onnx").read_bytes(), weights, engine_request("cpu", 1))


@pytest.fixture(scope="module")
def encoder(source: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> TinyEncoder:
    return write_graph(source, tmp_path_factory.mktemp("float") / "encoder")


def test_features_are_near_those_of_the_source(session: Session, encoder: TinyEncoder, source: Checkpoint) -> None:
    batch = random_batch(encoder, (3, 9, 17, 24, 5, 12))
    expected = reference_features(source, batch)
    for name, result in zip(expected, session.run(tuple(expected), batch.feeds), strict=True):
        assert result.dtype == np.float32
        assert cosine(result, expected[name]).min() >= LEAST_COSINE, name
        assert np.abs(result - expected[name]).max() > 0, "fp16 is not fp32"


def test_a_text_is_the_same_in_any_batch_and_at_any_length(session: Session, encoder: TinyEncoder) -> None:
    batch = random_batch(encoder, (3, 9, 17, 24, 5, 12))
    together = session.run(["mean", "cls"], batch.feeds)
    for row in range(6):
        for values, alone in zip(together, session.run(["mean", "cls"], batch.row(row).feeds), strict=True):
            np.testing.assert_allclose(values[row], alone[0], atol=BATCH_TOLERANCE)


def test_half_the_bytes(folder: Path, encoder: TinyEncoder) -> None:
    half = (folder / "encoder.fp16.safetensors").stat().st_size
    assert half < 0.6 * (encoder.folder / "encoder.safetensors").stat().st_size


def test_token_states_leave_the_graph_when_asked_for(source: Checkpoint, tmp_path: Path) -> None:
    write_fp16(source, tmp_path, token_states=True)
    graph = onnx.load(tmp_path / "encoder.fp16.onnx", load_external_data=False).graph
    assert "token_states" in {value.name for value in graph.output}


def test_a_checkpoint_that_float16_cannot_hold(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = write_checkpoint(tmp_path / "source", "bert")
    tensors = load_file(folder / "model.safetensors")
    tensors["encoder.layer.1.output.dense.bias"][3] = 1e5
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        CheckpointError, match=r"layer\.1\.ffn\.output\.bias contains 100000, but float16 ends at 65,504"
    ):
        write_fp16(open_checkpoint(folder), tmp_path)
