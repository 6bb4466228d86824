"""The int8 graph of tiny checkpoints, from calibration texts to features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from claxon.bundle.manifest import Precision
from claxon.bundle.safetensors import read_tensors
from claxon.engine.session import Session, engine_request
from claxon.text.tokenizer import Tokenizer
from claxon.text.tokens import Tokens
from claxon_export.checkpoint.checkpoint import Checkpoint, open_checkpoint
from claxon_export.graphs.architectures.blocks import FIRST
from claxon_export.int8 import export, write_int8
from claxon_export.int8.observation import Observed, observe
from claxon_export.int8.repetitive import calibrating_repetitions
from claxon_export.parity.parity import calibration_texts, cosine
from tests.checkpoints import LAYERS, write_checkpoint
from tests.encoder_graphs import TinyEncoder, random_batch, reference_features, write_graph

pytestmark = pytest.mark.processor

BATCH_TOLERANCE = 1e-5
LEAST_COSINE = 0.995


@pytest.fixture(scope="session", params=["mpnet", "bert", "distilbert"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return open_checkpoint(write_checkpoint(tmp_path_factory.mktemp("int8"), request.param))


@pytest.fixture(scope="session")
def folder(source: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    variant = write_int8(source, folder)
    assert (variant.precision, variant.devices, variant.requires) == (Precision.INT8, ("cpu",), ())
    return folder


@pytest.fixture(scope="session")
def encoder(source: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> TinyEncoder:
    return write_graph(source, tmp_path_factory.mktemp("float") / "encoder")


@pytest.fixture(scope="session")
def session(folder: Path) -> Session:
    weights = read_tensors(np.fromfile(folder / "encoder.int8.safetensors", np.uint8))
    return Session((folder / "encoder.int8.onnx").read_bytes(), weights, engine_request("cpu", 1))


def test_features_are_near_those_of_the_source(session: Session, encoder: TinyEncoder, source: Checkpoint) -> None:
    batch = random_batch(encoder, (3, 9, 17, 24, 5, 12))
    expected = reference_features(source, batch)
    for name, found in zip(expected, session.run(tuple(expected), batch.feeds), strict=True):
        assert cosine(found, expected[name]).min() >= LEAST_COSINE, name
        assert np.abs(found - expected[name]).max() > 0, "int8 is not fp32"


def test_a_text_is_the_same_in_any_batch(session: Session, encoder: TinyEncoder) -> None:
    batch = random_batch(encoder, (3, 9, 17, 24, 5, 12))
    together = session.run(["mean", "cls"], batch.feeds)
    for row in range(6):
        for values, alone in zip(together, session.run(["mean", "cls"], batch.row(row).feeds), strict=True):
            np.testing.assert_allclose(values[row], alone[0], atol=BATCH_TOLERANCE)


def test_the_products_are_int8_and_words_are_float16(folder: Path) -> None:
    graph = onnx.load(folder / "encoder.int8.onnx", load_external_data=False).graph
    operators = [node.op_type for node in graph.node if not node.name.endswith(FIRST)]
    assert operators.count("MatMulIntegerToFloat") == 6 * LAYERS
    assert operators.count("Attention") == LAYERS
    assert "Gemm" not in operators
    kinds = {tensor.name: tensor.data_type for tensor in graph.initializer}
    assert kinds["embeddings.word"] == onnx.TensorProto.FLOAT16
    assert kinds["layer.0.attention.query.weight"] == onnx.TensorProto.INT8


def test_inputs_are_u8_and_nothing_is_measured_over_the_batch(folder: Path) -> None:
    graph = onnx.load(folder / "encoder.int8.onnx", load_external_data=False).graph
    zero_points = [tensor for tensor in graph.initializer if tensor.name.endswith(".zero_point")]
    assert {tensor.data_type for tensor in zero_points} == {onnx.TensorProto.UINT8}
    assert not {node.op_type for node in graph.node} & {"DynamicQuantizeLinear", "DynamicQuantizeMatMul"}


def calibrated_on(monkeypatch: pytest.MonkeyPatch) -> list[Tokens]:
    seen: list[Tokens] = []

    def record(checkpoint: Checkpoint, tokens: Tokens) -> dict[str, Observed]:
        seen.append(tokens)
        return observe(checkpoint, tokens)

    monkeypatch.setattr(export, "observe", record)
    return seen


def test_own_texts_come_before_the_packaged_ones(
    source: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = calibrated_on(monkeypatch)
    write_int8(source, tmp_path, ["great book", "awful phone"])
    tokenizer = Tokenizer(source.tokenizer_json.encode(), max_tokens=source.max_tokens)
    first, own = tokenizer(["", *calibrating_repetitions()]), tokenizer(["awful phone", "great book"])
    start, end = len(first.input_ids), len(first.input_ids) + len(own.input_ids)
    np.testing.assert_array_equal(seen[0].input_ids[:start], first.input_ids)
    assert sorted(seen[0].input_ids[start:end]) == sorted(own.input_ids)
    assert len(seen[0].lengths) == len(first.lengths) + 2 + len(calibration_texts())


def test_some_of_many_texts_are_used_and_not_the_first_ones(
    source: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = calibrated_on(monkeypatch)
    monkeypatch.setattr(export, "MOST_TEXTS", 10)
    monkeypatch.setattr(export, "calibration_texts", list)
    monkeypatch.setattr(export, "calibrating_repetitions", list)
    texts = ["book"] * 50 + ["great book of the phone"] * 50
    write_int8(source, tmp_path, texts)
    assert len(seen[0].lengths) == 11
    assert len(set(seen[0].lengths[1:].tolist())) == 2


def test_token_states_leave_the_graph_when_asked_for(source: Checkpoint, tmp_path: Path) -> None:
    write_int8(source, tmp_path, token_states=True)
    graph = onnx.load(tmp_path / "encoder.int8.onnx", load_external_data=False).graph
    assert "token_states" in {value.name for value in graph.output}
