"""Colors, shapes and the bytes of a picture."""

from __future__ import annotations

import matplotlib
import pytest

from claxon_export.evaluation.plots.style import BLUE, VERMILLION, blank, drawing, mark, png, sequential


def luminance(colour: tuple[float, ...]) -> float:
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def test_the_first_marks_differ_in_colour_and_in_shape() -> None:
    first = [mark(position) for position in range(8)]
    assert len({result.colour for result in first}) == len({result.marker for result in first}) == 8


def test_no_two_of_24_labels_look_the_same() -> None:
    assert len({(mark(position).colour, mark(position).marker) for position in range(24)}) == 24


def test_right_and_wrong_differ_in_lightness_too() -> None:
    from matplotlib.colors import to_rgb

    assert abs(luminance(to_rgb(BLUE)) - luminance(to_rgb(VERMILLION))) > 0.03


@pytest.mark.parametrize("with_paper", [True, False])
def test_the_darker_the_more(with_paper: bool) -> None:
    colours = sequential(with_paper=with_paper)
    steps = [luminance(colours(share / 10)) for share in range(11)]
    assert steps == sorted(steps, reverse=True)
    assert bool(steps[0] > 0.99) is with_paper


def test_the_users_settings_neither_matter_nor_change() -> None:
    matplotlib.rcParams["font.size"] = 31.0
    with drawing(["DejaVu Sans"]):
        assert matplotlib.rcParams["font.size"] == 9.5
    assert matplotlib.rcParams["font.size"] == 31.0


def test_same_figure_same_bytes() -> None:
    first, second = (png(blank(1, 1)) for _ in range(2))
    assert first == second
    assert first.startswith(b"\x89PNG")
