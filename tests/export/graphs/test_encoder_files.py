"""The encoder's two files: sound, readable by others, the same bytes each time, and described as they are."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from safetensors.numpy import load_file

from claxon.bundle.manifest import Feature, Precision
from claxon_export.checkpoint.checkpoint import Pooling, open_checkpoint
from claxon_export.errors import CheckpointError, ExportError, UnsupportedArchitectureError
from claxon_export.graphs.encoder_files import (
    GRAPH_NAME,
    WEIGHTS_NAME,
    Sizes,
    check_graph,
    encoder_spec,
    weight_offsets,
)
from tests.checkpoints import HEADS, LAYERS, WIDTH, write_checkpoint
from tests.encoder_graphs import (
    ARCHITECTURES,
    TOLERANCE,
    TinyEncoder,
    assert_features_equal,
    encoder_of,
    random_batch,
    reference_features,
    run_graph,
    torch_features,
    write_graph,
)

# bfloat16 has 8 bits of mantissa, float16 has 11: so far may a weight of up to 1 be from its float32 original.
STORED_AS = {"float16": 5e-4, "bfloat16": 4e-3}

SIZES = Sizes(layers=1, width=8, attention_heads=2, vocab_size=10, parameters=100)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TinyEncoder:
    return encoder_of(tmp_path_factory.mktemp("encoder"), "mpnet")


def test_folder_holds_the_graph_and_its_weights(encoder: TinyEncoder) -> None:
    assert sorted(path.name for path in encoder.folder.iterdir()) == [GRAPH_NAME, WEIGHTS_NAME]
    assert (encoder.folder / GRAPH_NAME).stat().st_size < 40_000


def test_offsets_are_those_of_the_tensors_bytes(encoder: TinyEncoder) -> None:
    content = (encoder.folder / WEIGHTS_NAME).read_bytes()
    tensors = load_file(encoder.folder / WEIGHTS_NAME)
    offsets = weight_offsets(encoder.folder / WEIGHTS_NAME)
    assert offsets.keys() == tensors.keys()
    for name, (start, length) in offsets.items():
        assert content[start : start + length] == tensors[name].tobytes(), name


def test_graph_names_every_tensor_of_the_file_at_its_place(encoder: TinyEncoder) -> None:
    outside = {
        tensor.name: {item.key: item.value for item in tensor.external_data}
        for tensor in encoder.graph.graph.initializer
        if tensor.data_location == TensorProto.EXTERNAL
    }
    assert outside == {
        name: {"location": WEIGHTS_NAME, "offset": str(start), "length": str(length)}
        for name, (start, length) in weight_offsets(encoder.folder / WEIGHTS_NAME).items()
    }


def test_onnx_loads_the_weights_from_beside_the_graph(encoder: TinyEncoder) -> None:
    tensors = load_file(encoder.folder / WEIGHTS_NAME)
    model = onnx.load(encoder.folder / GRAPH_NAME)
    result = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for name, values in tensors.items():
        np.testing.assert_array_equal(result[name], values, err_msg=name)
    assert np.abs(result["embeddings.word"]).max() > 0.1


def test_checker_and_strict_shape_inference_pass(encoder: TinyEncoder) -> None:
    onnx.checker.check_model(encoder.folder / GRAPH_NAME, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(encoder.graph, check_type=True, strict_mode=True)
    shapes = {value.name: len(value.type.tensor_type.shape.dim) for value in inferred.graph.value_info}
    assert shapes["layer.0.attention.qkv"] == 2


def test_opset_is_18_or_later(encoder: TinyEncoder) -> None:
    assert {opset.domain: opset.version for opset in encoder.graph.opset_import}[""] >= 18


def test_graph_says_what_it_was_made_from(encoder: TinyEncoder) -> None:
    assert {item.key: item.value for item in encoder.graph.metadata_props} == {"claxon.source": "checkpoint"}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_two_writes_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    first = encoder_of(tmp_path / "first", name)
    second = encoder_of(tmp_path / "second", name)
    for file in (GRAPH_NAME, WEIGHTS_NAME):
        assert (first.folder / file).read_bytes() == (second.folder / file).read_bytes(), file


@pytest.mark.parametrize("dtype", STORED_AS)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_half_precision_checkpoints_are_widened_exactly(name: str, dtype: str, tmp_path: Path) -> None:
    assert ml_dtypes.bfloat16(1) == 1  # importing it is what makes "bfloat16" a type of numpy's
    encoder = encoder_of(tmp_path / "half", name, dtype=dtype)
    whole = encoder_of(tmp_path / "whole", name)
    assert {values.dtype for values in load_file(encoder.folder / WEIGHTS_NAME).values()} == {np.dtype(np.float32)}
    batch = random_batch(encoder, (12, 5))
    result = run_graph(encoder, batch)
    assert_features_equal(result, reference_features(encoder.checkpoint, batch), TOLERANCE)
    words = load_file(encoder.folder / WEIGHTS_NAME)["embeddings.word"]
    difference = np.abs(words - load_file(whole.folder / WEIGHTS_NAME)["embeddings.word"]).max()
    assert 0 < difference < STORED_AS[dtype]


def test_float16_checkpoint_equals_transformers_in_float32(tmp_path: Path) -> None:
    encoder = encoder_of(tmp_path, "distilbert", dtype="float16")
    batch = random_batch(encoder, (12, 5))
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    model = transformers.AutoModel.from_pretrained(encoder.checkpoint.folder).float()
    model.save_pretrained(tmp_path / "checkpoint")
    assert {value.dtype for value in model.state_dict().values()} == {torch.float32}
    assert_features_equal(run_graph(encoder, batch), torch_features(encoder.checkpoint, batch), TOLERANCE)


def test_spec_describes_a_sentence_encoder(encoder: TinyEncoder) -> None:
    spec = encoder.spec
    assert (spec.architecture, spec.layers, spec.width, spec.attention_heads) == ("mpnet", LAYERS, WIDTH, HEADS)
    assert spec.vocab_size == encoder.checkpoint.config["vocab_size"]
    assert spec.parameters == sum(values.size for values in load_file(encoder.folder / WEIGHTS_NAME).values())
    assert spec.inputs == ("input_ids", "attention_mask")
    assert spec.features == {Feature.CLS: WIDTH, Feature.MEAN: WIDTH, Feature.EMBEDDING: WIDTH}
    assert (spec.pooling, spec.default_feature) == (Feature.MEAN, Feature.EMBEDDING)
    assert (spec.max_tokens, spec.pad_id, spec.prompt) == (48, 1, "")
    (variant,) = spec.variants
    assert (variant.precision, variant.graph, variant.weights) == (Precision.FP32, GRAPH_NAME, WEIGHTS_NAME)
    assert variant.parity is None


def test_spec_of_a_classifier_has_no_embedding(tmp_path: Path) -> None:
    spec = encoder_of(tmp_path, "distilbert", labels=("NEGATIVE", "POSITIVE")).spec
    assert list(spec.features) == [Feature.CLS, Feature.MEAN]
    assert (spec.pooling, spec.default_feature) == (None, None)


@pytest.mark.parametrize("pooling", [Pooling.MEAN, Pooling.CLS])
def test_source_that_does_not_normalise_gives_what_it_pools(pooling: Pooling, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, "bert", sentence=False)
    checkpoint = open_checkpoint(folder, pooling=pooling)
    spec = encoder_spec(checkpoint, SIZES, ("input_ids",), token_states=False)
    assert not checkpoint.normalize
    assert spec.default_feature == Feature(pooling)
    assert spec.pooling == Feature(pooling)
    normalised = encoder_spec(
        dataclasses.replace(checkpoint, normalize=True), Sizes(1, 8, 2, 10, 100), ("input_ids",), token_states=False
    )
    assert normalised.default_feature == Feature.EMBEDDING


def test_prompt_and_limit_of_the_checkpoint_are_in_the_spec(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, "bert")
    prompts = {"prompts": {"query": "query: "}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    spec = encoder_spec(
        open_checkpoint(folder, max_tokens=20), Sizes(1, 8, 2, 10, 100), ("input_ids",), token_states=False
    )
    assert (spec.prompt, spec.max_tokens) == ("query: ", 20)


def test_unknown_architecture_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    checkpoint = dataclasses.replace(open_checkpoint(write_checkpoint(tmp_path, "bert")), architecture="longformer")
    with pytest.raises(UnsupportedArchitectureError, match="bert, camembert, deberta-v2, distilbert"):
        write_graph(checkpoint, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_missing_tensor_is_named(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "checkpoint", "bert")
    checkpoint = open_checkpoint(folder)
    config = dict(checkpoint.config) | {"num_hidden_layers": LAYERS + 1}
    with pytest.raises(CheckpointError, match=r"encoder\.layer\.2\.attention\.self\.query\.weight"):
        write_graph(dataclasses.replace(checkpoint, config=config), tmp_path / "out")


def test_broken_graph_is_a_typed_error(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("value", TensorProto.FLOAT, [2])
    graph = helper.make_graph([helper.make_node("Relu", ["absent"], ["value"])], "broken", [], [value])
    onnx.save(helper.make_model(graph), tmp_path / "broken.onnx")
    with pytest.raises(ExportError, match="not a valid ONNX model"):
        check_graph(tmp_path / "broken.onnx")


def test_wrong_output_shape_is_a_typed_error(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("value", TensorProto.FLOAT, [2, 3])
    other = helper.make_tensor_value_info("other", TensorProto.FLOAT, [3, 3])
    graph = helper.make_graph([helper.make_node("Relu", ["value"], ["other"])], "broken", [value], [other])
    onnx.save(helper.make_model(graph), tmp_path / "broken.onnx")
    with pytest.raises(ExportError, match="not a valid ONNX model"):
        check_graph(tmp_path / "broken.onnx")
