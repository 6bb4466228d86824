"""Token types of pairs: the graphs against transformers, for the architectures that have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
import claxon_export
from tests.checkpoints import write_checkpoint
from tests.entailment import NAMES
from tests.families import write_family

PAIRS = [("great book", "it is good"), ("not so good " * 5, "the phone broke"), ("", "awful")]
LABELS = ["food", "service"]
TOLERANCES = {"fp32": 1e-5, "int8": 0.2}


@pytest.fixture(scope="module", params=["bert", "electra", "albert"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    write: Any = write_checkpoint if request.param == "bert" else write_family
    written: Path = write(folder, request.param, labels=NAMES)
    return written


@pytest.fixture(scope="module")
def bundle(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In all precisions, each through its gate; fp16 as the CPU emulates it."""
    out = tmp_path_factory.mktemp("pairs") / "out"
    return claxon_export.export(source, out, precision=["fp32", "int8", "fp16"]).path


def transformers_probabilities(source: Path) -> np.ndarray[Any, Any]:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(source).eval()
    inputs = transformers.AutoTokenizer.from_pretrained(source)(
        *map(list, zip(*PAIRS, strict=True)), return_tensors="pt", padding=True
    )
    assert inputs["token_type_ids"].any()
    with torch.no_grad():
        probabilities: np.ndarray[Any, Any] = model(**inputs).logits.softmax(-1).numpy()
    return probabilities


@pytest.mark.parametrize("precision", TOLERANCES)
def test_pairs_equal_transformers(source: Path, bundle: Path, precision: str) -> None:
    expected = transformers_probabilities(source)
    with claxon.load(bundle, precision=precision, threads=1) as classifier:
        head = classifier.heads["classifier"]
        result = head(classifier.encoder.pair_features(PAIRS, [head.feature]).values[head.feature])
    np.testing.assert_allclose(result, expected, rtol=0, atol=TOLERANCES[precision])


def test_token_types_are_an_input_only_of_checkpoints_for_entailment(tmp_path: Path) -> None:
    names = {"pair": NAMES, "single": ("bad", "fine", "good")}
    inputs = {}
    for name, labels in names.items():
        folder = write_checkpoint(tmp_path / name, "bert", labels=labels)
        inputs[name] = claxon_export.export(folder, tmp_path / f"{name}.out").manifest.encoder.inputs
    assert inputs["single"] == ("input_ids", "attention_mask")
    assert inputs["pair"] == (*inputs["single"], "token_type_ids")
