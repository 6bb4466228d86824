from __future__ import annotations

import inspect
import pickle
import re
from typing import Any

import pytest

from claxon.errors import ClaxonError
from claxon.jobs import errors

CLASSES: dict[str, Any] = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}
CLASSES.pop("ClaxonError")


def test_every_error_is_drawn_and_every_drawn_error_exists() -> None:
    drawn = set(re.findall(r"── (\w+)", inspect.getdoc(errors) or ""))
    assert drawn == CLASSES.keys()


@pytest.mark.parametrize("name", CLASSES)
def test_errors_are_of_one_family_and_travel(name: str) -> None:
    error = pickle.loads(pickle.dumps(CLASSES[name]("why")))
    assert isinstance(error, ClaxonError)
    assert isinstance(error, errors.JobError)
    assert str(error) == "why"
