"""Classifiers of small random transformers models: the head on their CLS state against their own logits."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from scipy.special import softmax as scipy_softmax

from claxon.bundle.manifest import Feature, HeadKind, ScoreKind
from claxon_export.errors import HeadError, UnsupportedArchitectureError
from claxon_export.heads import pretrained_head

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

TOLERANCE = 1e-6
WIDTH = 32
LABELS = ("bad", "mixed", "good")
ARCHITECTURES = ("distilbert", "bert", "mpnet")
Array = np.ndarray[Any, Any]


def small_model(architecture: str) -> Any:
    torch.set_num_threads(1)
    torch.manual_seed(3)
    sizes = {"num_hidden_layers": 1, "hidden_size": WIDTH, "num_attention_heads": 4, "intermediate_size": 48}
    if architecture == "distilbert":
        sizes = {"n_layers": 1, "dim": WIDTH, "n_heads": 4, "hidden_dim": 48}
    config = transformers.AutoConfig.for_model(architecture, vocab_size=50, num_labels=len(LABELS), **sizes)
    # Weights much larger than those of a fresh model, or else all probabilities would be near a third.
    model = transformers.AutoModelForSequenceClassification.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3)
    return model


def weights_of(model: Any) -> dict[str, Array]:
    return {name: value.numpy() for name, value in model.state_dict().items()}


def run(graph: bytes, features: Array) -> Array:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    scores: Array = session.run(["scores"], {"features": features})[0]
    return scores


@pytest.fixture
def bert_weights() -> dict[str, Array]:
    random = np.random.default_rng(0)
    shapes = {"bert.pooler.dense.weight": (WIDTH, WIDTH), "bert.pooler.dense.bias": (WIDTH,)}
    shapes |= {"classifier.weight": (len(LABELS), WIDTH), "classifier.bias": (len(LABELS),)}
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_probabilities_are_those_of_transformers(architecture: str) -> None:
    model = small_model(architecture)
    ids = torch.randint(5, 50, (40, 9), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        states = model.base_model(ids).last_hidden_state[:, 0].numpy()
        expected = model(ids).logits.softmax(dim=-1).numpy()
    head = pretrained_head(architecture, model.config.to_dict(), weights_of(model), LABELS)
    result = run(head.graph, states)
    assert np.ptp(expected, axis=0).min() > 0.01  # the texts do differ
    np.testing.assert_allclose(result, expected, atol=TOLERANCE, rtol=0)
    np.testing.assert_array_equal(result.argmax(axis=1), expected.argmax(axis=1))


def test_the_head_says_what_it_is(bert_weights: dict[str, Array]) -> None:
    head = pretrained_head("bert", {"hidden_size": WIDTH}, bert_weights, LABELS)
    assert (head.kind, head.feature, head.scores) == (HeadKind.PRETRAINED, Feature.CLS, ScoreKind.PROBABILITY)
    assert head.labels == LABELS
    assert head.temperature is None


def test_nodes_bear_the_names_of_the_checkpoint(bert_weights: dict[str, Array]) -> None:
    model = onnx.load_from_string(pretrained_head("bert", {}, bert_weights, LABELS).graph)
    assert [node.name for node in model.graph.node] == [
        "pooler.dense",
        "pooler.dense.tanh",
        "classifier",
        "classifier.softmax",
    ]


def test_the_name_of_the_architecture_in_front_does_not_matter(bert_weights: dict[str, Array]) -> None:
    bare = {name.removeprefix("bert."): value for name, value in bert_weights.items()}
    with_prefix = pretrained_head("bert", {}, bert_weights, LABELS)
    assert pretrained_head("bert", {}, bare, LABELS).graph == with_prefix.graph


def test_half_precision_weights_are_taken(bert_weights: dict[str, Array]) -> None:
    half = {name: value.astype(np.float16) for name, value in bert_weights.items()}
    features = np.random.default_rng(1).normal(size=(5, WIDTH)).astype(np.float32)
    full = run(pretrained_head("bert", {}, bert_weights, LABELS).graph, features)
    np.testing.assert_allclose(run(pretrained_head("bert", {}, half, LABELS).graph, features), full, atol=0.05)


def test_an_architecture_without_a_writer_lists_those_with_one() -> None:
    with pytest.raises(UnsupportedArchitectureError, match=r"'longformer'.*distilbert.*bert.*mpnet"):
        pretrained_head("longformer", {}, {}, LABELS)


@pytest.mark.parametrize("name", ["bert.pooler.dense.weight", "classifier.bias"])
def test_a_missing_weight_is_named(bert_weights: dict[str, Array], name: str) -> None:
    del bert_weights[name]
    with pytest.raises(HeadError, match=rf"no weight .*{name}"):
        pretrained_head("bert", {}, bert_weights, LABELS)


@pytest.mark.parametrize(
    ("config", "outputs", "scores", "function"),
    [
        ({"problem_type": "multi_label_classification"}, 3, ScoreKind.MULTI_LABEL, "sigmoid"),
        ({"problem_type": "multi_label_classification"}, 1, ScoreKind.MULTI_LABEL, "sigmoid"),
        ({"function_to_apply": "sigmoid"}, 3, ScoreKind.MULTI_LABEL, "sigmoid"),
        ({"problem_type": "regression"}, 1, ScoreKind.REGRESSION, "none"),
        ({}, 1, ScoreKind.REGRESSION, "sigmoid"),
        ({"function_to_apply": "NONE"}, 1, ScoreKind.REGRESSION, "none"),
        ({"function_to_apply": "none"}, 3, ScoreKind.DECISION, "none"),
        ({"problem_type": "regression"}, 3, ScoreKind.DECISION, "none"),
        ({"problem_type": "single_label_classification"}, 3, ScoreKind.PROBABILITY, "softmax"),
    ],
)
def test_config_says_what_the_scores_are(
    bert_weights: dict[str, Array], config: dict[str, Any], outputs: int, scores: ScoreKind, function: str
) -> None:
    weight, bias = bert_weights["classifier.weight"][:outputs], bert_weights["classifier.bias"][:outputs]
    given = bert_weights | {"classifier.weight": weight, "classifier.bias": bias}
    head = pretrained_head("bert", config, given, LABELS[:outputs])
    assert (head.scores, head.details["function"]) == (scores, function)
    features = np.random.default_rng(1).normal(size=(5, WIDTH)).astype(np.float32)
    hidden = np.tanh(features @ given["bert.pooler.dense.weight"].T + given["bert.pooler.dense.bias"])
    logits = hidden @ weight.T + bias
    expected = {
        "none": lambda x: x,
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "softmax": lambda x: scipy_softmax(x, axis=1),
    }[function](logits)
    np.testing.assert_allclose(run(head.graph, features), expected, atol=1e-5)


def test_one_output_has_one_name(bert_weights: dict[str, Array]) -> None:
    bert_weights |= {"classifier.weight": np.ones((1, WIDTH)), "classifier.bias": np.ones(1)}
    with pytest.raises(HeadError, match="2 labels were given for 1 classes"):
        pretrained_head("bert", {}, bert_weights, ["one", "two"])


def test_a_label_for_each_row_is_expected(bert_weights: dict[str, Array]) -> None:
    with pytest.raises(HeadError, match="2 labels were given for 3 classes"):
        pretrained_head("bert", {}, bert_weights, ["bad", "good"])


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("classifier.weight", (3, 7), "classifier takes 7 values, expected 32"),
        ("classifier.weight", (3, WIDTH, 1), r"expected \(out, in\)"),
        ("classifier.bias", (4,), r"a bias \(4,\)"),
        ("bert.pooler.dense.weight", (WIDTH, 8), "pooler.dense takes 8 values, expected 32"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    bert_weights: dict[str, Array], name: str, shape: tuple[int, ...], message: str
) -> None:
    bert_weights[name] = np.zeros(shape, np.float32)
    with pytest.raises(HeadError, match=message):
        pretrained_head("bert", {"hidden_size": WIDTH}, bert_weights, LABELS)


def test_a_weight_that_is_not_finite_is_named(bert_weights: dict[str, Array]) -> None:
    bert_weights["classifier.weight"][0, 0] = np.inf
    with pytest.raises(HeadError, match=r"classifier\.weight has 1 value"):
        pretrained_head("bert", {}, bert_weights, LABELS)


def test_logits_are_an_output_of_heads_for_entailment_alone(bert_weights: dict[str, Array]) -> None:
    config = {"hidden_size": WIDTH}
    graphs = {
        labels: pretrained_head("bert", config, bert_weights, labels).graph
        for labels in (LABELS, ("contradiction", "neutral", "Entailment"))
    }
    outputs = [[value.name for value in onnx.load_from_string(graph).graph.output] for graph in graphs.values()]
    assert outputs == [["scores"], ["scores", "logits"]]
    features = np.random.default_rng(1).normal(size=(3, WIDTH)).astype(np.float32)
    plain, entailing = graphs.values()
    np.testing.assert_array_equal(run(entailing, features), run(plain, features))
    session = onnxruntime.InferenceSession(entailing, providers=["CPUExecutionProvider"])
    logits = session.run(["logits"], {"features": features})[0]
    np.testing.assert_allclose(scipy_softmax(logits, axis=1), run(plain, features), rtol=0, atol=TOLERANCE)
