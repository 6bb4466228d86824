"""The maps as they are drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claxon.bundle.manifest import Feature
from claxon_export.evaluation.plots.embedding_map import (
    MOST_COLOURED,
    MOST_PANELS,
    OTHERS,
    hexbin_picture,
    remarks,
    scatter_picture,
)
from claxon_export.evaluation.plots.names import names_of
from claxon_export.evaluation.plots.projection import Projection
from claxon_export.evaluation.plots.style import png
from claxon_export.evaluation.results import MapSample


def drawn(labels: int, texts: int = 200) -> tuple[MapSample, Projection]:
    draws = np.random.default_rng(0)
    truths = tuple(f"label {i}" for i in [*range(labels), *draws.integers(labels, size=texts - labels).tolist()])
    sample = MapSample(truths, {}, {"mood": draws.uniform(size=texts) < 0.2}, 10 * texts, 7)
    return sample, Projection(draws.normal(size=(texts, 2)), "UMAP")


def panels(figure: Any) -> list[Any]:
    return [axis for axis in figure.axes if axis.axison]


@pytest.mark.parametrize("labels", [1, 2, 6, 20, 40])
def test_a_panel_a_label_up_to_two_dozen(labels: int) -> None:
    sample, projection = drawn(labels)
    figure = hexbin_picture(sample, projection, Feature.MEAN, names_of(sample.truths))
    assert len(panels(figure)) == min(labels, MOST_PANELS)
    assert png(figure)


def test_panels_share_their_place() -> None:
    sample, projection = drawn(4)
    figure = hexbin_picture(sample, projection, Feature.MEAN, names_of(sample.truths))
    assert len({(axis.get_xlim(), axis.get_ylim()) for axis in panels(figure)}) == 1


@pytest.mark.parametrize("labels", [2, 6, 20, 40])
def test_every_text_is_a_point_and_every_wrong_one_has_a_ring(labels: int) -> None:
    sample, projection = drawn(labels)
    figure: Any = scatter_picture(sample, projection, "mood", names_of(sample.truths))
    *points, rings = figure.axes[0].collections
    assert sum(len(result.get_offsets()) for result in points) == 200
    assert len(rings.get_offsets()) == sample.is_wrong["mood"].sum()
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert (OTHERS in names) is (labels > MOST_COLOURED)
    assert png(figure)


def test_all_texts_in_one_place_can_be_drawn() -> None:
    sample, _ = drawn(2)
    nowhere = Projection(np.zeros((200, 2)), "PCA")
    assert png(hexbin_picture(sample, nowhere, Feature.MEAN, names_of(sample.truths)))
    assert png(scatter_picture(sample, nowhere, "mood", names_of(sample.truths)))


def test_the_draw_and_the_method_are_told() -> None:
    sample, projection = drawn(2)
    assert remarks(sample, projection) == ["UMAP after scaling, seed 7, 200 of 2,000 texts drawn with seed 7"]
    pca = Projection(projection.points, "PCA", "umap-learn is not installed")
    assert remarks(replace(sample, total=200), pca) == [
        "PCA after scaling, seed 7, 200 texts",
        "umap-learn is not installed",
    ]
    figure: Any = scatter_picture(sample, pca, "mood", names_of(sample.truths))
    assert "umap-learn is not installed" in figure.get_supxlabel()
