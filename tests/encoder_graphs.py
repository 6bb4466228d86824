"""Tiny encoders as graphs, run by ONNX Runtime, by the numpy reference and by transformers, on the same token ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from claxon.bundle.manifest import EncoderSpec
from claxon_export.checkpoint.checkpoint import Checkpoint, open_checkpoint
from claxon_export.graphs.encoder_files import GRAPH_NAME, WEIGHTS_NAME, write_encoder
from claxon_export.graphs.writer import GraphWriter
from claxon_export.parity import reference
from tests.checkpoints import write_checkpoint

ARCHITECTURES = ("bert", "distilbert", "mpnet")
# float32 on both sides, two layers, states of order 1, sums in another order.
TOLERANCE = 1e-5
FIRST_WORD_ID = 5

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class TinyEncoder:
    """A checkpoint, the folder with its graph, and what the manifest will say of it."""

    checkpoint: Checkpoint
    folder: Path
    spec: EncoderSpec

    @property
    def graph(self) -> onnx.ModelProto:
        """The graph, its weights left outside."""
        return onnx.load(self.folder / GRAPH_NAME, load_external_data=False)

    def nodes(self, operator: str) -> list[onnx.NodeProto]:
        """The nodes of one operator, in the graph's order."""
        return [node for node in self.graph.graph.node if node.op_type == operator]

    def session(self) -> onnxruntime.InferenceSession:
        """The graph in ONNX Runtime, on one thread."""
        return session_of(self.folder / GRAPH_NAME)


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Random token ids, shorter rows padded at the end. Shapes: ``(texts, tokens)``, int64."""

    input_ids: Array
    attention_mask: Array

    def row(self, index: int) -> TokenBatch:
        """One text alone, without its padding."""
        length = int(self.attention_mask[index].sum())
        return TokenBatch(self.input_ids[index : index + 1, :length], self.attention_mask[index : index + 1, :length])

    @property
    def feeds(self) -> dict[str, Array]:
        """As ONNX Runtime wants them."""
        return {"input_ids": self.input_ids, "attention_mask": self.attention_mask}


def encoder_of(folder: Path, architecture: str, **options: Any) -> TinyEncoder:
    """Write a tiny checkpoint and its encoder graph below ``folder``."""
    checkpoint = open_checkpoint(write_checkpoint(folder / "checkpoint", architecture, **options))
    return write_graph(checkpoint, folder / "encoder")


def write_graph(checkpoint: Checkpoint, folder: Path) -> TinyEncoder:
    """Write a checkpoint's encoder graph into a new folder."""
    folder.mkdir()
    return TinyEncoder(checkpoint, folder, write_encoder(checkpoint, folder))


def session_of(model: Path | bytes) -> onnxruntime.InferenceSession:
    """A graph in ONNX Runtime, on the CPU and one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run_writer(writer: GraphWriter, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """A graph's outputs by name; its weights are put into it, so that it needs no file."""
    model = writer.model("unused", dict.fromkeys(writer.weights, (0, 0)), {})
    kept = [tensor for tensor in model.graph.initializer if tensor.name not in writer.weights]
    inside = [onnx.numpy_helper.from_array(value, name) for name, value in writer.weights.items()]
    del model.graph.initializer[:]
    model.graph.initializer.extend([*kept, *inside])
    onnx.checker.check_model(model)
    session = session_of(model.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(feeds)), strict=True))


def run_graph(encoder: TinyEncoder, batch: TokenBatch) -> dict[str, Array]:
    """Every feature by name. Shapes: ``(texts, width)``."""
    names = list(encoder.spec.features)
    return dict(zip(names, encoder.session().run(names, batch.feeds), strict=True))


def random_batch(encoder: TinyEncoder, lengths: tuple[int, ...], seed: int = 0) -> TokenBatch:
    """Texts of these lengths, of words only."""
    rng = np.random.default_rng(seed)
    last = int(encoder.checkpoint.config["vocab_size"])
    ids = np.full((len(lengths), max(lengths)), encoder.checkpoint.pad_id, np.int64)
    for row, length in enumerate(lengths):
        ids[row, :length] = rng.integers(FIRST_WORD_ID, last, length)
    mask = (np.arange(max(lengths)) < np.array(lengths)[:, np.newaxis]).astype(np.int64)
    return TokenBatch(ids, mask)


def reference_features(checkpoint: Checkpoint, batch: TokenBatch) -> dict[str, Array]:
    """The same from the numpy reference."""
    states = reference.forward(
        checkpoint.architecture, checkpoint.config, checkpoint.weights, batch.input_ids, batch.attention_mask
    )
    return _pooled(checkpoint, states, batch)


def torch_features(checkpoint: Checkpoint, batch: TokenBatch) -> dict[str, Array]:
    """The same from transformers, float32."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.set_num_threads(1)
    model = transformers.AutoModel.from_pretrained(checkpoint.folder).eval()
    with torch.no_grad():
        states = model(
            input_ids=torch.from_numpy(batch.input_ids), attention_mask=torch.from_numpy(batch.attention_mask)
        ).last_hidden_state.numpy()
    return _pooled(checkpoint, states, batch)


def _pooled(checkpoint: Checkpoint, states: Array, batch: TokenBatch) -> dict[str, Array]:
    features = {name: reference.pool(states, batch.attention_mask, name) for name in ("cls", "mean")}
    if checkpoint.pooling is not None:
        features["embedding"] = reference.normalize(features[checkpoint.pooling])
    return features


def assert_features_equal(result: Mapping[str, Array], expected: Mapping[str, Array], tolerance: float) -> None:
    """Fail unless both have the same features, within the tolerance."""
    assert result.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(result[name], values, rtol=0, atol=tolerance, err_msg=name)


def weights_file(encoder: TinyEncoder) -> Path:
    """The file beside the graph that holds its weights."""
    return encoder.folder / WEIGHTS_NAME
