"""The tree of errors: each is a ClaxonError and a built-in one, and the docstring draws it as it is."""

from __future__ import annotations

import inspect

import pytest

from claxon.bundle.manifest import Parity
from claxon.errors import ClaxonError, InputError
from claxon_export import errors
from claxon_export.errors import ParityReport

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
    found = {name for name, kind in classes if kind.__module__ == errors.__name__}
    assert found == TREE.keys()
    assert errors.__doc__ is not None
    assert all(name in errors.__doc__ for name in found)


@pytest.mark.parametrize("name", sorted(TREE.keys() - {"ParityError"}))
def test_message_is_shown_as_it_is(name: str) -> None:
    assert str(getattr(errors, name)("what was found, what to do")) == "what was found, what to do"


def test_parity_error_carries_its_report() -> None:
    report = ParityReport(Parity("numpy reference", 1, "0" * 64, ()), ())
    error = errors.ParityError("they differ", report)
    assert str(error) == "they differ"
    assert error.report is report
