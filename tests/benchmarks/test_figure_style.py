from __future__ import annotations

import pytest

from claxon_bench.figure_style import OURS, conditions, name_rows, rows, titled
from tests.measurements import sample_results

pytest.importorskip("matplotlib")


def test_conditions_are_one_line() -> None:
    assert conditions(sample_results()) == (
        "sentence encoder, 109 M parameters · A Processor (amx_int8) · 2 threads each · 3 rounds in turn, medians"
    )


def test_panels_share_the_rows_and_ours_is_blue() -> None:
    engines = sample_results().engines[:2]
    figure, axes = rows(len(engines), [1.0, 2.0], width=6)
    name_rows(axes[0], engines)
    assert axes[0].get_ylim() == axes[1].get_ylim() == (-0.6, 1.6)
    assert axes[0].get_yticklabels()[0].get_color() == OURS
    assert titled(figure, "a title", "a note").get_suptitle() == "a title"
