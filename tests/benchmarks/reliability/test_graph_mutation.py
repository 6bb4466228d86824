from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import onnx
import pytest

from reliability import graph_mutation
from reliability.graph_mutation import mutated_graph
from tests.graphs import linear

GRAPH = linear(np.ones((4, 2), np.float32))


def test_a_seed_makes_the_same_change() -> None:
    found = [mutated_graph(GRAPH, random.Random(seed)) for seed in (1, 1, 4)]
    assert found[0] == found[1] != found[2]


def test_most_changes_are_models_that_differ() -> None:
    found = {mutated_graph(GRAPH, random.Random(seed)) for seed in range(300)}
    assert len(found - {None, GRAPH}) > 200
    for content in found - {None}:
        onnx.ModelProto().ParseFromString(content or b"")


@pytest.mark.parametrize("edit", {*graph_mutation.EDITS}, ids=lambda edit: edit.__name__)
def test_every_edit_changes_something(edit: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_mutation, "EDITS", (edit,))
    assert {mutated_graph(GRAPH, random.Random(seed)) for seed in range(30)} - {None, GRAPH}


@pytest.mark.parametrize("content", [b"\xff\xff", b""], ids=["no model", "no nodes"])
def test_what_has_nothing_to_edit_is_left_to_the_fuzzer(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_mutation, "EDITS", (graph_mutation._another_operator,))
    assert mutated_graph(content, random.Random(1)) is None
