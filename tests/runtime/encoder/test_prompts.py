"""Which prompt is put before a text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claxon.encoder.prompts import chosen_prompt, prompt_of_task
from claxon.errors import OptionError
from tests.bundles import sample_manifest

SPEC = replace(sample_manifest().encoder, prompts={"query": "q: ", "other": ""})


@pytest.mark.parametrize(
    ("name", "prompt", "expected"),
    [(None, None, None), ("query", None, "q: "), ("other", None, ""), (None, "a ", "a "), (None, "", "")],
)
def test_the_prompt_that_is_asked_for(name: str | None, prompt: str | None, expected: str | None) -> None:
    assert chosen_prompt(SPEC, name, prompt) == expected


def test_a_prompt_that_is_not_there_is_an_error() -> None:
    with pytest.raises(OptionError, match="are: none; prompt= takes the words"):
        chosen_prompt(replace(SPEC, prompts={}), "query", None)


def test_a_task_without_a_prompt_has_none_where_the_source_names_some() -> None:
    assert prompt_of_task(SPEC, "query") == "q: "
    assert prompt_of_task(SPEC, "document") == ""
    assert prompt_of_task(replace(SPEC, prompts={}), "query") is None
