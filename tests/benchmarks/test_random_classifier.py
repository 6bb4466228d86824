from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from claxon_bench import random_classifier


def test_sizes_are_those_that_transformers_has_by_itself(
    tiny_classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    class Saved:
        classifier = SimpleNamespace(weight=None)

        def __len__(self) -> int:
            return 30522

        def save_pretrained(self, folder: str) -> None:
            (Path(folder) / "config.json").write_text(json.dumps(list(asked)))

    def config(**sizes: Any) -> None:
        asked.update(sizes)

    library = SimpleNamespace(
        AutoTokenizer=SimpleNamespace(from_pretrained=lambda _: Saved()),
        DistilBertConfig=config,
        DistilBertForSequenceClassification=lambda _: Saved(),
    )
    torch = SimpleNamespace(
        manual_seed=lambda _: None, nn=SimpleNamespace(init=SimpleNamespace(normal_=lambda *_, **__: None))
    )
    monkeypatch.setitem(sys.modules, "transformers", library)
    monkeypatch.setitem(sys.modules, "torch", torch)
    random_classifier.main(str(tiny_classifier), str(tmp_path / "out"))
    assert asked["vocab_size"] == 30522
    assert asked.keys() == {"vocab_size", "id2label", "label2id"}
    assert (tmp_path / "out" / "config.json").is_file()
