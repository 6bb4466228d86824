"""The way in for other architectures: the same bundle comes out, and native graphs equal optimum's."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

import claxon
from claxon.bundle.manifest import Feature
from claxon.errors import MissingDependencyError
from claxon_export.errors import ExportError
from claxon_export.graphs import optimum_exporter
from claxon_export.parity.parity import packaged_texts
from claxon_export.pipeline import export
from tests.checkpoints import HEADS, LAYERS, POSITIONS, WIDTH, vocabulary, write_checkpoint
from tests.encoder_graphs import ARCHITECTURES

# Two float32 graphs of the same two layers; the project's own limit for real models is 1e-4.
TOLERANCE = 1e-5
TEXTS = ["great book", "awful service ! i hate it", "", "not so good " * 30]


@pytest.fixture
def optimum() -> None:
    pytest.importorskip("optimum.exporters.onnx", reason="optimum-onnx is not installed")


def write_electra(folder: Path) -> Path:
    """A random ELECTRA: embeddings narrower than the states, token types, BERT's tokenizer."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.manual_seed(0)
    words = vocabulary("bert")
    config = transformers.ElectraConfig(
        vocab_size=len(words), embedding_size=16, hidden_size=WIDTH, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, intermediate_size=64, max_position_embeddings=POSITIONS,
    )  # fmt: skip
    save_spread(transformers.ElectraModel(config), folder)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    settings = {"do_lower_case": True, "model_max_length": 64, "tokenizer_class": "ElectraTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def write_roberta(folder: Path, labels: tuple[str, ...] = ()) -> Path:
    """A random RoBERTa, with labels a classifier: positions behind the padding row, a tokenizer of single bytes."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    torch.manual_seed(0)
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *alphabet, "<mask>"]
    bytes_of = tokenizers.Tokenizer(tokenizers.models.BPE({piece: i for i, piece in enumerate(pieces)}, []))
    bytes_of.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_of.post_processor = tokenizers.processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    fast = transformers.RobertaTokenizerFast(tokenizer_object=bytes_of, model_max_length=64)
    config = transformers.RobertaConfig(
        vocab_size=len(pieces), hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        intermediate_size=64, max_position_embeddings=POSITIONS, type_vocab_size=1,
        **({"id2label": dict(enumerate(labels))} if labels else {}),
    )  # fmt: skip
    model = transformers.RobertaForSequenceClassification if labels else transformers.RobertaModel
    save_spread(model(config), folder)
    fast.save_pretrained(folder)
    return folder


def save_spread(model: Any, folder: Path) -> None:
    """Save a model whose weights are large enough that a mistake anywhere shows."""
    torch = pytest.importorskip("torch")
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.2)
    model.save_pretrained(folder)


@pytest.mark.usefixtures("optimum")
@pytest.mark.filterwarnings("ignore::claxon.LabelWarning")  # to random weights much is alike
@pytest.mark.parametrize(
    ("write", "architecture", "inputs"),
    [
        (write_electra, "electra", ("input_ids", "attention_mask", "token_type_ids")),
        (write_roberta, "roberta", ("input_ids", "attention_mask")),
    ],
    ids=["electra", "roberta"],
)
def test_other_architecture_becomes_the_same_kind_of_bundle(
    write: Any, architecture: str, inputs: tuple[str, ...], tmp_path: Path
) -> None:
    bundle = export(write(tmp_path / "source"), tmp_path / "out", exporter="optimum", pooling="mean")
    bundle.verify()
    spec = bundle.manifest.encoder
    assert (spec.architecture, spec.layers, spec.width, spec.attention_heads) == (architecture, LAYERS, WIDTH, HEADS)
    assert set(spec.inputs) == set(inputs)
    assert spec.features == {Feature.CLS: WIDTH, Feature.MEAN: WIDTH, Feature.EMBEDDING: WIDTH}
    assert bundle.manifest.provenance.exporter == "optimum"
    parity = spec.variants[0].parity
    assert parity is not None
    assert "transformers" in parity.source
    assert max(comparison.max_abs_difference for comparison in parity.comparisons) < TOLERANCE
    classifier = claxon.Classifier.from_labels(claxon.Encoder.load(bundle.path), ["great book", "awful"])
    assert classifier.predict(["great book", "awful"]).tolist() == ["great book", "awful"]


@pytest.mark.usefixtures("optimum")
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_native_graph_equals_optimums(name: str, tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", name)
    native = export(source, tmp_path / "native", verify=False)
    traced = export(source, tmp_path / "traced", exporter="optimum", verify=False)
    assert traced.manifest.encoder.features == native.manifest.encoder.features
    texts = packaged_texts()
    with claxon.Encoder.load(native.path) as ours, claxon.Encoder.load(traced.path) as theirs:
        result, expected = ours.features(texts, on_truncation="ignore"), theirs.features(texts, on_truncation="ignore")
    for feature, values in expected.values.items():
        np.testing.assert_allclose(result.values[feature], values, rtol=0, atol=TOLERANCE, err_msg=feature)


@pytest.mark.usefixtures("optimum")
def test_classifier_keeps_its_head(tiny_classifier: Path, tmp_path: Path) -> None:
    native = claxon.load(export(tiny_classifier, tmp_path / "native", verify=False).path)
    traced = claxon.load(export(tiny_classifier, tmp_path / "traced", exporter="optimum").path)
    result, expected = (c.predict_proba(TEXTS, on_truncation="ignore") for c in (traced, native))
    np.testing.assert_allclose(result, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.usefixtures("optimum")
def test_roberta_classifier_equals_its_source(tmp_path: Path) -> None:
    labels = ("negative", "neutral", "positive")
    bundle = export(write_roberta(tmp_path / "source", labels), tmp_path / "out", exporter="optimum")
    head = bundle.manifest.heads[0]
    assert head.labels == labels
    assert head.parity is not None  # the gate compared its probabilities with transformers'
    assert max(comparison.max_abs_difference for comparison in head.parity.comparisons) < TOLERANCE
    assert set(claxon.load(bundle.path).predict(TEXTS, on_truncation="ignore")) <= set(labels)


@pytest.mark.usefixtures("optimum")
def test_weights_lie_beside_the_graph(tiny_classifier: Path, tmp_path: Path) -> None:
    bundle = export(tiny_classifier, tmp_path / "out", exporter="optimum", verify=False)
    graph = onnx.load(bundle.path / "encoder.onnx", load_external_data=False)
    assert (bundle.path / "encoder.onnx").stat().st_size < (bundle.path / "encoder.safetensors").stat().st_size
    sizes = {tensor.data_location == TensorProto.EXTERNAL: np.prod(tensor.dims) for tensor in graph.graph.initializer}
    assert True in sizes
    words = max(graph.graph.initializer, key=lambda tensor: np.prod(tensor.dims))
    assert words.data_location == TensorProto.EXTERNAL
    assert {value.name for value in graph.graph.output} == {"cls", "mean"}
    onnx.checker.check_model(bundle.path / "encoder.onnx", full_check=True)


def test_missing_optimum_names_the_extra(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optimum.exporters.onnx", None)
    with pytest.raises(MissingDependencyError, match=r"needs optimum-onnx.*pip install 'claxon\[optimum\]'"):
        export(tiny_checkpoint, tmp_path / "out", exporter="optimum")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("optimum")
def test_architecture_that_optimum_refuses_is_named(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("Trying to export a tapas model")

    monkeypatch.setattr("optimum.exporters.onnx.main_export", refuse)
    with pytest.raises(ExportError, match="optimum cannot export the architecture 'mpnet': Trying to export a tapas"):
        export(tiny_checkpoint, tmp_path / "out", exporter="optimum")
    assert list(tmp_path.iterdir()) == []


def traced(*, inputs: tuple[str, ...] = ("input_ids", "attention_mask"), output: str = "last_hidden_state") -> Any:
    """A graph as optimum might give it."""
    integers = [onnx.helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in inputs]
    states = onnx.helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", "tokens", WIDTH])
    table = onnx.numpy_helper.from_array(np.ones((300, WIDTH), np.float32), "table")
    nodes = [onnx.helper.make_node("Gather", ["table", inputs[0]], [output])]
    graph = onnx.helper.make_graph(nodes, "traced", integers, [states], [table])
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8)


def test_graph_is_sealed_without_optimum_itself(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimum_exporter, "_trace", lambda _: traced())
    bundle = export(tiny_checkpoint, tmp_path / "out", exporter="optimum", verify=False)
    with claxon.Encoder.load(bundle.path) as encoder:
        np.testing.assert_allclose(encoder.encode(["great"]), np.full((1, WIDTH), WIDTH**-0.5), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": ("input_ids", "attention_mask", "bbox")}, "takes bbox, expected only input_ids, attention_mask"),
        ({"output": "logits"}, "gives logits, expected last_hidden_state"),
    ],
)
def test_graph_of_another_kind_is_refused(
    changes: dict[str, Any], message: str, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimum_exporter, "_trace", lambda _: traced(**changes))
    with pytest.raises(ExportError, match=message):
        export(tiny_checkpoint, tmp_path / "out", exporter="optimum", verify=False)
    assert list(tmp_path.iterdir()) == []
