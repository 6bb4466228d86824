from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from claxon.bundle.bundle import Bundle
from claxon_bench.errors import BenchmarkError
from reliability.part import Outcome, Settings
from reliability.record import read_records, record_of, write_record

OUTCOME = Outcome("bitflips", 1.5, {"cases": 3, "MiB_more": 0.5}, ["a half: \ud800"], None)


def test_a_record_is_read_as_it_was_written(settings: Settings, tmp_path: Path) -> None:
    record = replace(record_of(OUTCOME, "Bits", settings), failures=("a", "b"))
    write_record(record, tmp_path / "new")
    assert read_records(tmp_path / "new", ["truncations", "bitflips"]) == [record]
    assert (record.digest, record.seed, record.scale) == (Bundle.open(settings.bundle).digest, 3, 0.01)
    assert record.versions.keys() >= {"claxon", "numpy", "onnxruntime", "tokenizers"}


def test_words_that_no_file_can_hold_are_written_all_the_same(settings: Settings, tmp_path: Path) -> None:
    write_record(record_of(OUTCOME, "Bits", settings), tmp_path)
    (found,) = read_records(tmp_path, ["bitflips"])
    assert found.failures == ("a half: ?",)


def test_records_come_in_the_order_of_the_parts(settings: Settings, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_record(replace(record_of(OUTCOME, "", settings), part=name, failures=()), tmp_path)
    assert [record.part for record in read_records(tmp_path, ["b", "a"])] == ["b", "a"]


def test_a_file_that_is_no_record_is_told(tmp_path: Path) -> None:
    (tmp_path / "bitflips.json").write_text("{}")
    with pytest.raises(BenchmarkError, match=r"bitflips\.json is no record of a campaign: .* run the part again"):
        read_records(tmp_path, ["bitflips"])
