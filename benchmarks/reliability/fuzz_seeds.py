"""Contents that fuzzing begins with: every kind of component and operator that a bundle may hold, once."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from claxon.bundle.tokenizer_policy import KNOWN_REGEXES

UNKNOWN = "[UNK]"


def manifest_seeds(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """The manifest, and with labels of other kinds, a temperature, a prompt, no heads, a single variant."""
    return [raw, *(changed for change in _manifest_changes() if (changed := _changed(raw, change)))]


def _manifest_changes() -> Iterator[dict[str, Any]]:
    yield {"heads": []}
    yield {"encoder.prompt": "query: ", "encoder.max_tokens": 12}
    yield {"heads.0.labels": [1, 2], "heads.1.temperature": 0.05}
    yield {"heads.0.labels": [True, 0.5]}
    yield {"encoder.default_feature": None}
    yield {"heads.0.details": {"rows": 8, "note": "by hand", "accuracy": 0.5}}


def _changed(raw: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(raw)
    for path, value in values.items():
        *above, last = path.split(".")
        place: Any = found
        for key in above:
            place = place[int(key)] if isinstance(place, list) else place[key]
        place[last] = value
    return found


def tokenizer_seeds(own: dict[str, Any]) -> list[dict[str, Any]]:
    """The bundle's own ``tokenizer.json``, and with each other component, its ids within the bundle's vocabulary."""
    vocabulary = own["model"]["vocab"]
    seeds = [own]
    for slot, component in _components():
        seeds.append({**own, slot: component})
    for model in _models(vocabulary):
        seeds.append({**own, "model": model})
        seeds.append({**own, "model": model, "normalizer": None, "pre_tokenizer": _state(pre_tokenizers.ByteLevel())})
    return seeds


def _components() -> Iterator[tuple[str, Any]]:
    known = Regex(KNOWN_REGEXES[1])
    for normalizer in (
        normalizers.BertNormalizer(strip_accents=True),
        normalizers.ByteLevel(),
        normalizers.Lowercase(),
        normalizers.NFC(),
        normalizers.NFD(),
        normalizers.NFKC(),
        normalizers.NFKD(),
        normalizers.Nmt(),
        normalizers.Prepend("▁"),
        normalizers.Replace(" ", "▁"),
        normalizers.Replace(known, " "),
        normalizers.Strip(),
        normalizers.StripAccents(),
        normalizers.Sequence([normalizers.Lowercase(), normalizers.BertNormalizer()]),
    ):
        yield "normalizer", _state(normalizer)
    for pre_tokenizer in (
        pre_tokenizers.ByteLevel(),
        pre_tokenizers.Digits(True),
        pre_tokenizers.Metaspace(),
        pre_tokenizers.Punctuation(),
        pre_tokenizers.Split(known, "isolated"),
        pre_tokenizers.Split(" ", "merged_with_next"),
        pre_tokenizers.Whitespace(),
        pre_tokenizers.WhitespaceSplit(),
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Digits()]),
    ):
        yield "pre_tokenizer", _state(pre_tokenizer)
    for processor in (
        processors.BertProcessing(("</s>", 2), ("<s>", 0)),
        processors.ByteLevel(),
        processors.RobertaProcessing(("</s>", 2), ("<s>", 0)),
    ):
        yield "post_processor", _state(processor)
    for decoder in (decoders.BPEDecoder(), decoders.ByteFallback(), decoders.Fuse(), decoders.WordPiece()):
        yield "decoder", _state(decoder)


def _models(vocabulary: dict[str, int]) -> Iterator[Any]:
    words = sorted(vocabulary, key=vocabulary.__getitem__)
    yield _state(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    yield _state(models.BPE(vocabulary, [("t", "he")] if "he" in vocabulary else [], unk_token=UNKNOWN))
    yield _state(models.Unigram([(word, -float(rank)) for rank, word in enumerate(words)], words.index(UNKNOWN), False))


def _state(component: Any) -> Any:
    """A component as ``tokenizer.json`` has it."""
    is_model = isinstance(component, models.Model)
    holder = Tokenizer(component if is_model else models.WordLevel({UNKNOWN: 0}, unk_token=UNKNOWN))
    if is_model:
        return json.loads(holder.to_str())["model"]
    kinds = {
        "normalizer": normalizers.Normalizer,
        "pre_tokenizer": pre_tokenizers.PreTokenizer,
        "post_processor": processors.PostProcessor,
        "decoder": decoders.Decoder,
    }
    slot = next(name for name, kind in kinds.items() if isinstance(component, kind))
    setattr(holder, slot, component)
    return json.loads(holder.to_str())[slot]


def head_seeds(width: int, n_labels: int) -> list[bytes]:
    """Heads as Claxon's writers make them: a classifier with a hidden layer, and phrasings of labels."""
    draw = np.random.default_rng(0)
    weights = {
        "hidden": draw.normal(size=(width, width)).astype(np.float32),
        "bias": draw.normal(size=width).astype(np.float32),
        "out": draw.normal(size=(n_labels, width)).astype(np.float32),
        "vectors": draw.normal(size=(width, 2 * n_labels)).astype(np.float32),
        "rows": np.arange(2 * n_labels, dtype=np.int64).reshape(n_labels, 2),
    }
    classifier = [
        helper.make_node("Gemm", ["features", "hidden", "bias"], ["a"], transB=1),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Gemm", ["b", "out"], ["c"], transB=1),
        helper.make_node("Softmax", ["c"], ["scores"]),
    ]
    phrasings = [
        helper.make_node("MatMul", ["features", "vectors"], ["a"]),
        helper.make_node("Gather", ["a", "rows"], ["b"], axis=1),
        helper.make_node("Constant", [], ["axis"], value_ints=[2]),
        helper.make_node("ReduceMax", ["b", "axis"], ["scores"], keepdims=0),
    ]
    return [
        _head(classifier, {name: weights[name] for name in ("hidden", "bias", "out")}, width, n_labels),
        _head(phrasings, {name: weights[name] for name in ("vectors", "rows")}, width, n_labels),
    ]


def _head(nodes: list[Any], weights: dict[str, Any], width: int, n_labels: int) -> bytes:
    graph = helper.make_graph(
        nodes,
        "head",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["texts", width])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["texts", n_labels])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return bytes(model.SerializeToString())
