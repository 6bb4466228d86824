"""Which graph is run for which precision."""

from __future__ import annotations

import pytest

from claxon.errors import OptionError
from claxon.manifest import GraphVariant, Precision
from claxon.precision import choose_variant


def variant(precision: Precision) -> GraphVariant:
    return GraphVariant(precision, f"{precision}.onnx", None, ("cpu",), (), None)


VARIANTS = [variant(Precision.FP32), variant(Precision.INT8)]


@pytest.mark.parametrize(("precision", "chosen"), [("auto", 0), ("fp32", 0), ("int8", 1), (Precision.INT8, 1)])
def test_the_variant_of_a_precision(precision: str, chosen: int) -> None:
    assert choose_variant(VARIANTS, precision) is VARIANTS[chosen]


@pytest.mark.parametrize("precision", ["fp16", Precision.FP16, "INT8", ""])
def test_a_precision_that_is_not_held(precision: str) -> None:
    with pytest.raises(OptionError, match=f"^precision is '{precision}', but the bundle holds fp32, int8$"):
        choose_variant(VARIANTS, precision)
