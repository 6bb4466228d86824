"""The public names of the export, imported when they are first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import claxon_export
from claxon.errors import MissingDependencyError
from claxon_export import errors, pipeline
from claxon_export.bundle import adding, head_removal
from claxon_export.data import labelled
from claxon_export.evaluation import evaluate, results
from claxon_export.evaluation.report import report as judging_report
from claxon_export.pseudo_labels import bootstrap
from claxon_export.pseudo_labels import report as bootstrap_report
from claxon_export.training import fitting, report

NAMES = {
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
}


def test_public_names_are_pinned() -> None:
    assert set(claxon_export.__all__) == NAMES
    assert list(claxon_export.__all__) == sorted(claxon_export.__all__)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(claxon_export, name).__name__ == name


def test_functions_are_those_of_their_modules() -> None:
    assert claxon_export.export is pipeline.export
    assert claxon_export.add_head is adding.add_head
    assert claxon_export.fit is fitting.fit
    assert claxon_export.FitReport is report.FitReport
    assert claxon_export.remove_head is head_removal.remove_head
    assert claxon_export.read_labelled is labelled.read_labelled
    assert claxon_export.Evaluation is results.Evaluation
    assert claxon_export.evaluate is evaluate.evaluate
    assert claxon_export.write_report is judging_report.write_report
    assert claxon_export.bootstrap is bootstrap.bootstrap
    assert claxon_export.BootstrapReport is bootstrap_report.BootstrapReport
    assert claxon_export.ParityError is errors.ParityError


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'exports'"):
        claxon_export.exports  # noqa: B018


@pytest.mark.parametrize("name", sorted(NAMES - {name for name in NAMES if name.endswith("Error")}))
def test_missing_extra_is_named_by_whoever_needs_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(module: str) -> None:
        raise ModuleNotFoundError("No module named 'onnx'", name="onnx")

    monkeypatch.setattr("importlib.import_module", absent)
    with pytest.raises(MissingDependencyError) as caught:
        getattr(claxon_export, name)
    assert str(caught.value) == (
        f"claxon_export.{name} needs onnx, which is not installed; pip install 'claxon[export]'"
    )


def test_importing_the_package_imports_none_of_its_dependencies() -> None:
    heavy = {"yaml", "onnx", "safetensors", "sklearn", "skl2onnx", "torch", "optimum", "scipy"}
    script = f"import sys, claxon_export; print(sorted({heavy!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
