"""A graph of less precision against fp32, in arrays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from claxon.bundle.manifest import Precision
from claxon_export.errors import ParityError
from claxon_export.parity.precision_gate import PrecisionGate, judged, outputs_of

GATE = PrecisionGate(min_mean_cosine=0.99, min_cosine=0.9, label_margin=0.2)
TEXTS = ["first", "second"]
VECTORS = np.array([[1, 0], [0, 1]], np.float32)
SURE = np.array([[0.9, 0.1], [0.55, 0.45]], np.float32)


def test_what_is_equal_passes_with_its_figures() -> None:
    outputs = {"mean": VECTORS, "probabilities": SURE}
    parity = judged(Precision.INT8, outputs, outputs, TEXTS, GATE)
    assert (parity.source, parity.texts) == ("the fp32 graph", 2)
    mean, probabilities = parity.comparisons
    assert (mean.mean_cosine, mean.min_cosine, mean.max_abs_difference) == (1, 1, 0)
    assert probabilities.label_agreement == 1


def test_one_text_that_is_far_off_is_named() -> None:
    result = {"mean": np.array([[1, 0], [1, 1]], np.float32)}
    with pytest.raises(ParityError, match="fp16 differs from fp32 on 1 texts, so nothing was written") as caught:
        judged(Precision.FP16, {"mean": VECTORS}, result, TEXTS, GATE)
    assert [(failure.row, failure.text) for failure in caught.value.report.failures] == [(1, "second")]


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_what_is_no_number_is_refused(number: float) -> None:
    result = VECTORS.copy()
    result[0, 1] = number
    with pytest.raises(ParityError, match="on 1 texts"):
        judged(Precision.FP16, {"mean": VECTORS}, {"mean": result}, TEXTS, GATE)
    with pytest.raises(ParityError, match="on 1 texts"):
        judged(Precision.FP16, {"probabilities": SURE}, {"probabilities": result}, TEXTS, GATE)


def test_a_mean_that_is_too_low_is_told() -> None:
    result = {"mean": np.array([[1, 0.2], [0.2, 1]], np.float32)}
    with pytest.raises(ParityError, match=r"int8 keeps a mean cosine of mean 0\.98\d+, below 0\.99"):
        judged(Precision.INT8, {"mean": VECTORS}, result, TEXTS, GATE)


def test_a_label_may_change_where_it_was_not_clear() -> None:
    changed = np.array([[0.9, 0.1], [0.45, 0.55]], np.float32)
    parity = judged(Precision.INT8, {"probabilities": SURE}, {"probabilities": changed}, TEXTS, GATE)
    assert parity.comparisons[0].label_agreement == 0.5
    with pytest.raises(ParityError, match="differs from fp32 on 1 texts"):
        judged(Precision.INT8, {"probabilities": SURE}, {"probabilities": changed[:, ::-1]}, TEXTS, GATE)


def test_a_feature_three_times_too_large_is_refused_where_norms_are_bound() -> None:
    gate = replace(GATE, max_norm_change=0.02)
    result = {"mean": VECTORS * np.array([[3], [1.01]], np.float32)}
    judged(Precision.INT8, {"mean": VECTORS}, result, TEXTS, GATE)
    with pytest.raises(ParityError, match="fp16 differs from fp32 on 1 texts") as caught:
        judged(Precision.FP16, {"mean": VECTORS}, result, TEXTS, gate)
    assert [(f.row, f.found) for f in caught.value.report.failures] == [(0, "3.0000 times fp32's norm")]


def test_a_probability_that_differs_is_refused_where_differences_are_bound() -> None:
    gate = replace(GATE, max_probability_difference=0.02)
    result = {"probabilities": np.array([[0.7, 0.3], [0.54, 0.46]], np.float32)}
    judged(Precision.INT8, {"probabilities": SURE}, result, TEXTS, GATE)
    with pytest.raises(ParityError, match="fp16 differs from fp32 on 1 texts") as caught:
        judged(Precision.FP16, {"probabilities": SURE}, result, TEXTS, gate)
    assert [(f.row, f.found) for f in caught.value.report.failures] == [(0, "a probability differs by 0.2000")]


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_what_is_no_number_is_refused_by_every_bound(number: float) -> None:
    gate = PrecisionGate(-1, -1, 1, max_norm_change=0.02, max_probability_difference=0.02)
    for name, requested in (("mean", VECTORS), ("probabilities", SURE)):
        with pytest.raises(ParityError, match="on 2 texts"):
            judged(Precision.FP16, {name: requested}, {name: np.full_like(requested, number)}, TEXTS, gate)


def test_an_output_that_is_not_given_is_refused() -> None:
    requested = {"mean": VECTORS, "probabilities": SURE}
    with pytest.raises(ParityError, match="fp16 gives no mean, probabilities, so nothing was written"):
        judged(Precision.FP16, requested, {}, TEXTS, GATE)
    with pytest.raises(ParityError, match="fp16 gives no probabilities, so nothing was written"):
        judged(Precision.FP16, requested, {"mean": VECTORS}, TEXTS, GATE)


def test_outputs_are_those_of_each_text_alone(tiny_bundle: Path) -> None:
    result = outputs_of(tiny_bundle, Precision.FP32, ["good", "a very good book"], None)
    assert list(result) == ["cls", "mean", "embedding"]
    alone = outputs_of(tiny_bundle, Precision.FP32, ["good"], None)
    assert all((result[name][:1] == alone[name]).all() for name in result)
