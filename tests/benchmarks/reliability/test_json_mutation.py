from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from reliability.json_mutation import mutated, stock_of

DOCUMENT: dict[str, Any] = {
    "type": "A",
    "depth": 3,
    "parts": [{"type": "B", "on": True}, {"vocab": {"a": 0, "b": 1}}],
    "x": None,
}
STOCK = stock_of([DOCUMENT], words=["C"])


def test_a_stock_has_what_stands_under_each_key() -> None:
    assert STOCK.parts["type"] == ["A", "B"]
    assert STOCK.parts["on"] == [True]
    assert STOCK.words == ["A", "B", "C"]
    assert {"type", "parts", "vocab", "a"} <= {*STOCK.keys}


def test_a_seed_makes_the_same_change_and_leaves_the_document_as_it_is() -> None:
    before = copy.deepcopy(DOCUMENT)
    found = [repr(mutated(DOCUMENT, random.Random(seed), STOCK)) for seed in (1, 1, 2)]
    assert before == DOCUMENT
    assert found[0] == found[1] != found[2]


def test_most_changes_are_ones_and_all_can_be_written() -> None:
    found = [json.dumps(mutated(DOCUMENT, random.Random(seed), STOCK)) for seed in range(400)]
    assert len({*found}) > 150
    assert sum(content == json.dumps(DOCUMENT) for content in found) < 150


def test_what_lies_deep_is_reached_and_the_rest_kept() -> None:
    found = [mutated(DOCUMENT, random.Random(seed), STOCK) for seed in range(400)]
    whole = [one for one in found if isinstance(one, dict) and one.keys() == DOCUMENT.keys()]
    assert len(whole) > 150
    assert sum(one["type"] == "A" and one["parts"] != DOCUMENT["parts"] for one in whole) > 50


@pytest.mark.parametrize("document", [None, 3, "a", [], {}])
def test_any_document_can_be_changed(document: Any) -> None:
    found = {json.dumps(mutated(document, random.Random(seed), stock_of([]))) for seed in range(60)}
    assert len(found) > 5
