from __future__ import annotations

import json

import pytest

from claxon.errors import MissingDependencyError
from claxon_export.requirements import required


def test_required_gives_the_module() -> None:
    assert required("json") is json


def test_required_names_the_extra() -> None:
    with pytest.raises(MissingDependencyError, match=r"no_such_module .*pip install 'claxon\[export\]'"):
        required("no_such_module")


def test_the_extra_that_brings_it_is_named() -> None:
    with pytest.raises(MissingDependencyError, match=r"pip install 'claxon\[report\]'"):
        required("no_such_package", extra="report")
