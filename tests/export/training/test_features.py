"""Features that a fit takes: where they are not finite, and those of some texts."""

from __future__ import annotations

import numpy as np
import pytest

from claxon.bundle.manifest import Feature
from claxon_export.errors import TrainingError
from claxon_export.training.features import Encoded

VALUES = np.arange(8, dtype=np.float32).reshape(4, 2)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_the_first_text_that_is_not_finite_is_named(odd: float) -> None:
    spoilt = VALUES.copy()
    spoilt[2:, 1] = odd
    encoded = Encoded({Feature.MEAN: VALUES, Feature.CLS: spoilt}, "fp32", "cpu")
    with pytest.raises(TrainingError, match=r"a.csv: the features of line 7 are not finite \(cls; 2 such texts\)"):
        encoded.check_finite("a.csv", "line", [2, 3, 7, 9])
    Encoded({Feature.MEAN: VALUES}, "fp32", "cpu").check_finite("a.csv", "line", [2, 3, 7, 9])


def test_some_texts() -> None:
    result = Encoded({Feature.MEAN: VALUES, Feature.CLS: -VALUES}, "int8", "cpu").only([3, 1], Feature.CLS)
    assert result.values.keys() == {Feature.CLS}
    assert result.values[Feature.CLS].tolist() == [[-6, -7], [-2, -3]]
    assert (result.precision, result.device) == ("int8", "cpu")
