from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import pytest

from claxon_bench.results import Kind
from claxon_bench.scatter import EXACT, accuracy_plot, label_heights, points
from tests.measurements import engine_result, sample_results

pytest.importorskip("matplotlib")


def test_points_are_speed_and_distance() -> None:
    results = sample_results()
    found = {point.engine.name: point for point in points(results, results.workloads[1])}
    assert found.keys() == {"claxon:int8", "st:torch-fp32", "st:openvino"}
    assert found["claxon:int8"].error == pytest.approx(3e-3)
    assert found["claxon:int8"].rate == pytest.approx(512)
    assert found["st:torch-fp32"].error == EXACT


@pytest.mark.parametrize(("kind", "words"), [(Kind.ENCODER, "mean cosine"), (Kind.CLASSIFIER, "probability")])
def test_axes_say_what_they_are(kind: Kind, words: str) -> None:
    figure = accuracy_plot(sample_results(kind))
    assert figure is not None
    axis = figure.axes[0]
    assert words in axis.get_xlabel()
    assert "mixed" in axis.get_ylabel()
    left, right = axis.get_xlim()
    assert left > right
    assert {text.get_text() for text in axis.texts} >= {"Claxon, int8", "sentence-transformers, OpenVINO"}


def test_names_from_both_sides_do_not_meet_in_the_middle() -> None:
    engines = (
        engine_result("st:onnx-qint8", "sentence-transformers, ONNX qint8", 1.0, Kind.ENCODER, error=0.13),
        engine_result("st:torch-bf16", "sentence-transformers, torch bf16", 1.07, Kind.ENCODER, error=5e-5),
        engine_result("st:torch-fp32", "sentence-transformers, torch fp32", 8.0, Kind.ENCODER),
    )
    figure = accuracy_plot(replace(sample_results(), engines=engines))
    assert figure is not None
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 3
    assert not any(first.overlaps(second) for first, second in combinations(boxes, 2))


def test_labels_are_moved_apart_and_stay_in_order() -> None:
    moved = label_heights([0.0, 1.0, 2.0, 50.0], gap=10)
    assert moved == [-9.0, 1.0, 11.0, 50.0]


def test_labels_that_have_room_stay() -> None:
    assert label_heights([30.0, 0.0, 15.0], gap=10) == [30.0, 0.0, 15.0]


def test_groups_that_meet_become_one() -> None:
    moved = sorted(label_heights([0.0, 0.0, 12.0, 12.0], gap=10))
    assert [round(b - a, 6) for a, b in pairwise(moved)] == [10, 10, 10]
    assert sum(moved) / 4 == pytest.approx(6)
