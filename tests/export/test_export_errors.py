"""The tree of errors: each is a ClaxonError and a built-in one, and the docstring draws it as it is."""

from __future__ import annotations

import inspect

import pytest

from claxon.bundle.manifest import Comparison, Parity
from claxon.errors import ClaxonError, InputError
from claxon_export import errors
from claxon_export.errors import Failure, ParityReport

TREE = {
    "ExportError": (ClaxonError, RuntimeError),
    "CheckpointError": (errors.ExportError, ValueError),
    "CheckpointNotFoundError": (errors.CheckpointError, FileNotFoundError),
    "UnreadMeaningError": (errors.CheckpointError,),
    "UnsupportedArchitectureError": (errors.CheckpointError,),
    "HeadError": (errors.ExportError, ValueError),
    "CalibrationError": (errors.ExportError, ValueError),
    "LabelError": (errors.ExportError, InputError),
    "TrainingError": (errors.ExportError, ValueError),
    "EvaluationError": (errors.ExportError, ValueError),
    "SigningError": (errors.ExportError,),
    "ParityError": (errors.ExportError,),
    "TargetExistsError": (errors.ExportError, FileExistsError),
}


@pytest.mark.parametrize("name", TREE)
def test_error_has_its_place_in_the_tree(name: str) -> None:
    assert getattr(errors, name).__bases__ == TREE[name]


def test_tree_is_complete_and_drawn() -> None:
    classes = inspect.getmembers(errors, inspect.isclass)
    declared = {name for name, kind in classes if kind.__module__ == errors.__name__ and issubclass(kind, Exception)}
    assert declared == TREE.keys()
    assert errors.__doc__ is not None
    assert all(name in errors.__doc__ for name in declared)


@pytest.mark.parametrize("name", sorted(TREE.keys() - {"ParityError"}))
def test_message_is_shown_as_it_is(name: str) -> None:
    assert str(getattr(errors, name)("what was found, what to do")) == "what was found, what to do"


def test_parity_error_carries_its_report() -> None:
    report = ParityReport(Parity("numpy reference", 1, "0" * 64, ()), ())
    error = errors.ParityError("they differ", report)
    assert str(error) == "they differ"
    assert error.report is report


def test_report_reads_as_lines() -> None:
    parity = Parity("numpy reference", 2, "0" * 64, (Comparison("cls", 2e-3, 0.999, 0.99), Comparison("p", 0.5)))
    failures = tuple(Failure(row, "cls", "differs by 2.00e-03", "word " * 40) for row in range(7))
    lines = str(ParityReport(parity, failures)).splitlines()
    assert lines[0] == "2 texts against numpy reference"
    assert lines[1] == "  cls: max difference 2.0e-03, worst cosine 0.9900000, mean 0.9990000"
    assert lines[2] == "  p: max difference 5.0e-01"
    assert lines[3].startswith("  row 0, cls: differs by 2.00e-03: 'word word")
    assert len(lines[3]) < 110
    assert lines[-1] == "  and 2 more"
    assert str(ParityReport(parity, failures, "a note")).splitlines()[-1] == "  a note"
    assert "labels equal 50.00%" in str(
        ParityReport(Parity("s", 2, "0" * 64, (Comparison("p", 0.5, label_agreement=0.5),)), ())
    )
