from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from claxon_bench.contenders import Contender
from claxon_bench.engines import sentence_transformer
from claxon_bench.engines.serving import Setup
from claxon_bench.roster import BY_NAME
from tests.measurements import sample_arena


class Recorded:
    """A ``SentenceTransformer`` that only remembers."""

    def __init__(self, *words: Any, **options: Any) -> None:
        self.words, self.options = words, options
        self.max_seq_length = 0
        asked.append(self)

    def encode(self, texts: Any, **options: Any) -> Any:
        return [len(texts), options["batch_size"], self.max_seq_length]

    def save_pretrained(self, folder: str) -> None:
        (Path(folder) / "onnx").mkdir()
        (Path(folder) / "onnx" / "model.onnx").touch()


asked: list[Recorded] = []


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    asked.clear()
    quantized: list[Any] = []
    found = SimpleNamespace(
        SentenceTransformer=Recorded,
        export_dynamic_quantized_onnx_model=lambda *words: quantized.append(words[1:]),
        quantized=quantized,
    )
    monkeypatch.setitem(sys.modules, "sentence_transformers", found)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(set_num_threads=lambda _: None))
    return found


@pytest.fixture
def setup(tiny_bundle: Path, tiny_checkpoint: Path, tmp_path: Path) -> Setup:
    arena = sample_arena(tiny_bundle, tmp_path / "peers", tiny_checkpoint)
    return Contender(BY_NAME["st:torch-fp32"], arena)._setup(16)


def test_cut_and_batches_are_as_told(setup: Setup) -> None:
    engine = sentence_transformer.load(setup)
    assert engine(["a", "b"], None) == [2, 32, 16]
    assert engine(["a", "b"], 5) == [2, 5, 16]


@pytest.mark.parametrize(
    ("variant", "options"),
    [
        ("torch-fp32", {}),
        ("torch-bf16", {"model_kwargs": {"torch_dtype": "bfloat16"}}),
        ("openvino", {"backend": "openvino", "model_kwargs": {"ov_config": {"INFERENCE_NUM_THREADS": "1"}}}),
    ],
)
def test_backends_are_asked_for_as_documented(variant: str, options: dict[str, Any], setup: Setup) -> None:
    sentence_transformer.load({**setup, "variant": variant})
    assert asked[0].options == {"device": "cpu", **options}


def test_onnx_runs_the_graph_that_is_there_with_as_many_threads(setup: Setup, tmp_path: Path) -> None:
    (tmp_path / "model_qint8_avx512_vnni.onnx").touch()
    sentence_transformer.load({**setup, "variant": "onnx-qint8", "prepared": str(tmp_path), "threads": 3})
    options = asked[0].options["model_kwargs"]
    assert options["file_name"] == "model_qint8_avx512_vnni.onnx"
    assert options["session_options"].intra_op_num_threads == 3


def test_quantised_export_leaves_its_graph_only(setup: Setup, tmp_path: Path, library: SimpleNamespace) -> None:
    target: Any = {**setup, "variant": "onnx-qint8", "prepared": str(tmp_path), "quantization": "avx2"}
    sentence_transformer.prepare(target)
    assert library.quantized == [("avx2", str(tmp_path))]
    assert not list(tmp_path.rglob("model.onnx"))
