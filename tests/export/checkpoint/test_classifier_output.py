"""What a classifier's outputs are, against transformers' own pipeline where its rule is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from claxon.bundle.manifest import ScoreKind
from claxon_export.checkpoint.classifier_output import OutputFunction, output_function, output_kind
from claxon_export.errors import CheckpointError


@pytest.mark.parametrize("problem", [None, "single_label_classification", "multi_label_classification", "regression"])
@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_the_rule_is_that_of_transformers(problem: str | None, outputs: int) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch = pytest.importorskip("torch", reason="torch is not installed")
    config = transformers.BertConfig(num_labels=outputs, problem_type=problem)
    pipeline = transformers.TextClassificationPipeline.__new__(transformers.TextClassificationPipeline)
    pipeline.framework = "pt"
    pipeline.model = type("Model", (), {"config": config})
    logits = torch.tensor([[0.3, -1.0, 2.0][:outputs]])
    rows = pipeline.postprocess({"logits": logits}, top_k=None, _legacy=False)
    expected = {
        OutputFunction.SOFTMAX: torch.softmax(logits, -1),
        OutputFunction.SIGMOID: torch.sigmoid(logits),
        OutputFunction.NONE: logits,
    }[output_function({"problem_type": problem}, outputs)]
    assert sorted(row["score"] for row in rows) == pytest.approx(sorted(expected[0].tolist()))


@pytest.mark.parametrize("asked", ["sigmoid", "SIGMOID", "ClassificationFunction.SIGMOID"])
def test_what_config_asks_for_comes_first(asked: str) -> None:
    config = {"function_to_apply": asked, "problem_type": "single_label_classification"}
    assert output_function(config, 3) is OutputFunction.SIGMOID
    assert output_kind(config, 3) is ScoreKind.MULTI_LABEL
    assert output_kind(config, 1) is ScoreKind.REGRESSION


@pytest.mark.parametrize("config", [{"function_to_apply": 3}, {"problem_type": "ranking"}])
def test_what_there_is_not_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match="expected"):
        output_kind(config, 2)
