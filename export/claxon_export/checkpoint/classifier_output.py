"""What a checkpoint's classifier gives: config.json -> the function after its last layer, and the kind of scores.

In this order: ``function_to_apply`` where config.json has it, which transformers documents for its pipeline and reads
from the call alone; else what the pipeline does by itself, by ``problem_type`` and the number of outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from claxon.bundle.manifest import ScoreKind
from claxon_export.errors import CheckpointError


class OutputFunction(StrEnum):
    """What is applied to the last layer's values; the names are transformers'."""

    SOFTMAX = "softmax"
    SIGMOID = "sigmoid"
    NONE = "none"


REGRESSION, MULTI_LABEL, SINGLE_LABEL = "regression", "multi_label_classification", "single_label_classification"
PROBLEMS = (SINGLE_LABEL, MULTI_LABEL, REGRESSION)


def output_function(config: Mapping[str, Any], outputs: int) -> OutputFunction:
    """The function after the classifier's last layer.

    Args:
        config: config.json.
        outputs: How many values the classifier gives.

    Raises:
        CheckpointError: config.json names a function or a problem that there is not, or a softmax of one value.
    """
    problem, asked = config.get("problem_type"), config.get("function_to_apply")
    if problem not in (None, *PROBLEMS):
        raise CheckpointError(f"config.json has problem_type {problem!r:.80}, expected {', '.join(PROBLEMS)}, or none")
    if asked is not None:
        function = _named(asked)
    elif problem == REGRESSION:
        function = OutputFunction.NONE
    else:
        function = OutputFunction.SIGMOID if problem == MULTI_LABEL or outputs == 1 else OutputFunction.SOFTMAX
    if outputs == 1 and function is OutputFunction.SOFTMAX:
        raise CheckpointError(
            "config.json asks for the softmax of one output, which is 1 for every text; set function_to_apply to "
            "'sigmoid' or 'none'"
        )
    return function


def output_kind(config: Mapping[str, Any], outputs: int) -> ScoreKind:
    """The kind of scores that come of it.

    One output is a number, whatever is applied to it, but where config.json says that it is one of any number of
    labels. Several are probabilities that sum to one, independent ones, or values the largest of which wins.

    Raises:
        CheckpointError: as ``output_function``.
    """
    function = output_function(config, outputs)
    if outputs == 1 and config.get("problem_type") != MULTI_LABEL:
        return ScoreKind.REGRESSION
    kinds = {
        OutputFunction.SOFTMAX: ScoreKind.PROBABILITY,
        OutputFunction.SIGMOID: ScoreKind.MULTI_LABEL,
        OutputFunction.NONE: ScoreKind.DECISION,
    }
    return kinds[function]


def _named(asked: Any) -> OutputFunction:
    try:
        return OutputFunction(str(asked).lower().rpartition(".")[-1])
    except ValueError:
        raise CheckpointError(
            f"config.json has function_to_apply {asked!r:.80}, expected {', '.join(OutputFunction)}"
        ) from None
