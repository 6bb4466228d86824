"""Claxon's export: checkpoints, trained heads and label lists -> one verified bundle.

>>> import claxon_export
>>> claxon_export.export("sentence-transformers/all-mpnet-base-v2", "out/mpnet")
>>> claxon_export.fit("out/mpnet", texts, labels, head="sentiment")
>>> evaluation = claxon_export.evaluate("out/mpnet", other_texts, other_labels)
>>> claxon_export.write_report(evaluation, "report")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from claxon.errors import MissingDependencyError
from claxon_export.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    EvaluationError,
    ExportError,
    HeadError,
    LabelError,
    ParityError,
    TargetExistsError,
    TrainingError,
    UnreadMeaningError,
    UnsupportedArchitectureError,
)

if TYPE_CHECKING:
    from claxon_export.bundle.adding import add_head
    from claxon_export.bundle.head_removal import remove_head
    from claxon_export.data.labelled import LabelledTexts, read_labelled
    from claxon_export.evaluation.evaluate import evaluate
    from claxon_export.evaluation.report.report import write_report
    from claxon_export.evaluation.results import Evaluation
    from claxon_export.pipeline import export
    from claxon_export.pseudo_labels.bootstrap import bootstrap
    from claxon_export.pseudo_labels.report import BootstrapReport
    from claxon_export.targets.multi_label import MultiLabelReport, fit_multi_label
    from claxon_export.targets.targets_evaluation import TargetsEvaluation, evaluate_multi_label, evaluate_regression
    from claxon_export.training.fitting import fit
    from claxon_export.training.report import FitReport

__all__ = [
    "BootstrapReport",
    "CheckpointError",
    "CheckpointNotFoundError",
    "Evaluation",
    "EvaluationError",
    "ExportError",
    "FitReport",
    "HeadError",
    "LabelError",
    "LabelledTexts",
    "MultiLabelReport",
    "ParityError",
    "TargetExistsError",
    "TargetsEvaluation",
    "TrainingError",
    "UnreadMeaningError",
    "UnsupportedArchitectureError",
    "add_head",
    "bootstrap",
    "evaluate",
    "evaluate_multi_label",
    "evaluate_regression",
    "export",
    "fit",
    "fit_multi_label",
    "read_labelled",
    "remove_head",
    "write_report",
]

_HOMES = {
    "BootstrapReport": "pseudo_labels.report",
    "Evaluation": "evaluation.results",
    "FitReport": "training.report",
    "LabelledTexts": "data.labelled",
    "MultiLabelReport": "targets.multi_label",
    "TargetsEvaluation": "targets.targets_evaluation",
    "add_head": "bundle.adding",
    "bootstrap": "pseudo_labels.bootstrap",
    "evaluate": "evaluation.evaluate",
    "evaluate_multi_label": "targets.targets_evaluation",
    "evaluate_regression": "targets.targets_evaluation",
    "export": "pipeline",
    "fit": "training.fitting",
    "fit_multi_label": "targets.multi_label",
    "read_labelled": "data.labelled",
    "remove_head": "bundle.head_removal",
    "write_report": "evaluation.report.report",
}


def __getattr__(name: str) -> Any:
    """The public functions, imported when first used, so that a missing extra is named by whoever needs it.

    Raises:
        MissingDependencyError: the extra ``[export]`` is not installed.
    """
    if name not in _HOMES:
        raise AttributeError(f"module 'claxon_export' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f"claxon_export.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"claxon_export.{name} needs {error.name}, which is not installed; pip install 'claxon[export]'"
        ) from error
