from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from claxon_bench.contenders import Contender
from claxon_bench.engines.fastembed_custom import load
from claxon_bench.roster import BY_NAME
from tests.measurements import sample_arena


def test_custom_model_has_the_checkpoints_pooling_and_the_workloads_cut(
    tiny_bundle: Path, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    class TextEmbedding:
        def __init__(self, *_: Any, **options: Any) -> None:
            asked.update(options)
            tokenizer = SimpleNamespace(enable_truncation=lambda max_length: asked.update(cut=max_length))
            self.model = SimpleNamespace(tokenizer=tokenizer)

        @classmethod
        def add_custom_model(cls, **options: Any) -> None:
            asked.update(options)

        def embed(self, texts: list[str], batch_size: int) -> Any:
            return ([len(text), batch_size] for text in texts)

    description = SimpleNamespace(ModelSource=dict, PoolingType=SimpleNamespace(MEAN="mean", CLS="cls"))
    library: dict[str, Any] = {
        "fastembed": SimpleNamespace(TextEmbedding=TextEmbedding),
        "fastembed.common": SimpleNamespace(model_description=description),
        "fastembed.common.model_description": description,
    }
    for name, module in library.items():
        monkeypatch.setitem(sys.modules, name, module)
    arena = sample_arena(tiny_bundle, tmp_path, tiny_checkpoint)
    engine = load(Contender(BY_NAME["fastembed:onnx"], arena)._setup(16))
    assert engine(["a", "bb"], None).tolist() == [[1, 32], [2, 32]]
    assert list(engine.stream(iter(["a"]))) == [[1, 32]]
    assert (asked["pooling"], asked["normalization"], asked["dim"], asked["cut"]) == ("mean", True, 32, 16)
    assert asked["threads"] == 1
