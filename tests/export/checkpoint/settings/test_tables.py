"""The tables of keys do not contradict themselves."""

from __future__ import annotations

import pytest

from claxon_export.checkpoint.settings import tables
from claxon_export.checkpoint.settings.tables import Table

TABLES = {name: value for name, value in vars(tables).items() if isinstance(value, Table)}


def test_there_is_a_table_for_each_kind_of_file() -> None:
    assert {"CONFIG", "POOLING"} <= TABLES.keys()


@pytest.mark.parametrize("name", TABLES)
def test_no_key_is_in_two_of_the_three(name: str) -> None:
    table = TABLES[name]
    assert not table.honoured & table.harmless
    assert not (table.honoured | table.harmless) & table.refused.keys()


@pytest.mark.parametrize("name", TABLES)
def test_each_refused_key_has_a_cure(name: str) -> None:
    assert all(refused.cure for refused in TABLES[name].refused.values())
