"""Every architecture that transformers makes tiny ones of: its graph, its classifier, int8 and fp16."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import claxon
from claxon_export.checkpoint.checkpoint import Checkpoint, Pooling, open_checkpoint
from claxon_export.errors import CheckpointError
from claxon_export.graphs.architectures import ARCHITECTURES as WRITERS
from claxon_export.graphs.writer import GraphWriter
from claxon_export.parity.parity import packaged_texts
from claxon_export.parity.source import ReferenceSource, TorchSource
from claxon_export.pipeline import export
from tests.checkpoints import LAYERS
from tests.encoder_graphs import (
    TOLERANCE,
    TinyEncoder,
    TokenBatch,
    assert_features_equal,
    random_batch,
    reference_features,
    run_graph,
    torch_features,
    write_graph,
)
from tests.families import FAMILIES, LABELS, write_family

PADDED = (17, 3, 140, 1, 70)
UNPADDED = (9, 9, 9)
TEXTS = ["great book", "", "awful service ! i hate it", "not so good " * 30]
PRECISIONS = ("fp32", "int8", "fp16")

Array = np.ndarray[Any, Any]


@pytest.fixture(scope="session", params=FAMILIES)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A tiny encoder without a classifier, mean-pooled."""
    folder = write_family(tmp_path_factory.mktemp("family"), request.param)
    return open_checkpoint(folder, pooling=Pooling.MEAN)


@pytest.fixture(scope="session")
def family(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> TinyEncoder:
    return write_graph(checkpoint, tmp_path_factory.mktemp("graph") / "encoder")


@pytest.fixture(scope="session")
def classifier(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a tiny classifier of the same architecture."""
    return write_family(tmp_path_factory.mktemp("classifier"), checkpoint.architecture, labels=LABELS)


@pytest.mark.parametrize("lengths", [UNPADDED, PADDED], ids=["unpadded", "padded"])
def test_graph_equals_numpy_reference(family: TinyEncoder, lengths: tuple[int, ...]) -> None:
    batch = random_batch(family, lengths)
    assert_features_equal(run_graph(family, batch), reference_features(family.checkpoint, batch), TOLERANCE)


@pytest.mark.parametrize("lengths", [UNPADDED, PADDED], ids=["unpadded", "padded"])
def test_graph_equals_transformers(family: TinyEncoder, lengths: tuple[int, ...]) -> None:
    batch = random_batch(family, lengths, seed=1)
    assert_features_equal(run_graph(family, batch), torch_features(family.checkpoint, batch), TOLERANCE)


def test_texts_alone_equal_themselves_padded_in_a_batch(family: TinyEncoder) -> None:
    batch = random_batch(family, PADDED)
    together = run_graph(family, batch)
    for row in range(len(PADDED)):
        alone = run_graph(family, batch.row(row))
        assert_features_equal(alone, {name: values[row : row + 1] for name, values in together.items()}, TOLERANCE)


def test_padding_token_inside_a_text_equals_transformers(family: TinyEncoder) -> None:
    batch = random_batch(family, UNPADDED)
    batch.input_ids[1, 4] = family.checkpoint.pad_id
    assert_features_equal(run_graph(family, batch), torch_features(family.checkpoint, batch), TOLERANCE)


def test_one_session_takes_any_batch_and_length(family: TinyEncoder) -> None:
    session = family.session()
    for texts, tokens in ((1, 1), (5, 17), (2, 150), (3, 2)):
        batch = random_batch(family, (tokens,) * texts)
        for values in session.run(None, batch.feeds):
            assert values.shape[0] == texts
            assert np.isfinite(values).all()


def test_order_of_the_tokens_counts(family: TinyEncoder) -> None:
    batch = random_batch(family, (9,))
    turned = TokenBatch(batch.input_ids[:, ::-1].copy(), batch.attention_mask)
    difference = run_graph(family, batch)["mean"] - run_graph(family, turned)["mean"]
    assert np.abs(difference).max() > 100 * TOLERANCE


@pytest.mark.parametrize("is_labelled", [False, True], ids=["encoder", "classifier"])
def test_numpy_reference_equals_transformers_on_texts(
    checkpoint: Checkpoint, classifier: Path, is_labelled: bool
) -> None:
    source = open_checkpoint(classifier) if is_labelled else checkpoint
    expected, result = (kind(source).outputs(TEXTS) for kind in (TorchSource, ReferenceSource))
    assert_features_equal(result.features, expected.features, TOLERANCE)
    assert result.input_ids == expected.input_ids
    if is_labelled:
        assert result.probabilities is not None
        assert expected.probabilities is not None
        np.testing.assert_allclose(result.probabilities, expected.probabilities, rtol=0, atol=TOLERANCE)


def test_classifier_goes_the_whole_way_in_every_precision(classifier: Path, tmp_path: Path) -> None:
    bundle = export(classifier, tmp_path / "out", precision=PRECISIONS)
    assert {str(variant.precision) for variant in bundle.manifest.encoder.variants} == set(PRECISIONS)
    for variant in bundle.manifest.encoder.variants:
        assert variant.parity is not None
        assert variant.parity.texts >= len(packaged_texts())
    expected = TorchSource(open_checkpoint(classifier)).outputs(TEXTS).probabilities
    with claxon.load(bundle.path, precision="fp32") as alone:
        result = alone.predict_proba(TEXTS, on_truncation="ignore")
    assert expected is not None
    np.testing.assert_allclose(result, expected, rtol=0, atol=TOLERANCE)
    assert np.abs(result[0] - result[2]).max() > 100 * TOLERANCE
    with claxon.load(bundle.path, precision="int8") as quantized:
        np.testing.assert_allclose(quantized.predict_proba(TEXTS, on_truncation="ignore"), expected, rtol=0, atol=0.2)


def test_every_layer_is_quantized(checkpoint: Checkpoint, tmp_path: Path) -> None:
    bundle = export(checkpoint.folder, tmp_path / "out", precision="int8", pooling="mean", verify=False)
    graph = onnx.load(bundle.path / "encoder.int8.onnx", load_external_data=False).graph
    operators = [node.op_type for node in graph.node]
    assert operators.count("MatMulIntegerToFloat") >= 4 * LAYERS
    assert "Gemm" not in operators
    read = {name for node in graph.node for name in node.input} | {value.name for value in graph.output}
    assert all(not read.isdisjoint(node.output) for node in graph.node), "a node whose result nothing reads"
    assert {tensor.name for tensor in graph.initializer if tensor.external_data} <= read


def test_weights_that_do_not_fit_the_config_are_refused(checkpoint: Checkpoint) -> None:
    config = {**checkpoint.config, "intermediate_size": checkpoint.config["intermediate_size"] + 1}
    with pytest.raises(CheckpointError, match="has shape"):
        WRITERS[checkpoint.architecture].write(GraphWriter("wrong"), config, checkpoint.weights)


def test_missing_size_is_named(checkpoint: Checkpoint) -> None:
    with pytest.raises(CheckpointError, match="is None, expected a positive integer"):
        WRITERS[checkpoint.architecture].sizes({})
