from __future__ import annotations

import pyarrow as pa

from claxon.jobs.sources import Reject, Window
from claxon.text.inputs import FailedRow

KEPT = pa.record_batch({"id": [10, 12, 13]})
WINDOW = Window([10, 12, 13], [21, 23, 24], ["a", "b", "c"], KEPT, (Reject(11, 22, "is null"),))


def test_rows_that_fail_later_are_rejects_in_order() -> None:
    window = WINDOW.without([FailedRow(0, "broke"), FailedRow(2, "broke too")])
    assert (window.rows, window.lines, window.texts) == ([12], [23], ["b"])
    assert window.kept.to_pydict() == {"id": [12]}
    assert window.rejects == (Reject(10, 21, "broke"), Reject(11, 22, "is null"), Reject(13, 24, "broke too"))


def test_without_failures_it_is_the_same() -> None:
    assert WINDOW.without([]) is WINDOW


def test_a_file_without_lines_has_none() -> None:
    window = Window([0], None, ["a"], pa.record_batch({"id": [0]})).without([FailedRow(0, "broke")])
    assert window.rejects == (Reject(0, None, "broke"),)
    assert len(window.kept) == 0
