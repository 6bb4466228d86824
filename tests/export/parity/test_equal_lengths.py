"""Groups of equal length, and the way back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from claxon.errors import InputError
from claxon_export.checkpoint.checkpoint import Pooling
from claxon_export.parity.equal_lengths import GROUP_ROWS, GROUP_TOKENS, EqualLengths, Rows, pooled_rows


def ids_of(lengths: list[int]) -> list[list[int]]:
    return [[row] * length for row, length in enumerate(lengths)]


def rows_of(batch: npt.NDArray[np.int64]) -> Rows:
    """Each row's first id and its length: enough to know it again."""
    first = batch[:, :1].astype(np.float32)
    return Rows({"cls": first}, np.full((len(batch), 2), batch.shape[1], dtype=np.float32))


def test_results_come_back_in_the_order_of_the_texts() -> None:
    lengths = [int(length) for length in np.random.default_rng(0).integers(1, 9, 100)]
    groups = EqualLengths(ids_of(lengths))
    rows = groups.join([rows_of(batch) for batch in groups.batches()])
    assert rows.probabilities is not None
    assert rows.features["cls"][:, 0].tolist() == list(range(100))
    assert rows.probabilities[:, 0].tolist() == lengths
    assert groups.input_ids == tuple(tuple(ids) for ids in ids_of(lengths))


def test_groups_are_small_and_the_longest_first() -> None:
    batches = list(EqualLengths(ids_of([5] * 40 + [400] * 5 + [3000] * 2)).batches())
    assert [batch.shape for batch in batches] == [
        (1, 3000),
        (1, 3000),
        (GROUP_TOKENS // 400, 400),
        (GROUP_TOKENS // 400, 400),
        (1, 400),
        (GROUP_ROWS, 5),
        (GROUP_ROWS, 5),
        (40 - 2 * GROUP_ROWS, 5),
    ]


def test_no_probabilities_stay_none() -> None:
    groups = EqualLengths([[1], [2, 3]])
    results = [Rows(rows_of(batch).features, None) for batch in groups.batches()]
    assert groups.join(results).probabilities is None


def test_a_text_without_tokens_is_an_error_that_names_its_row() -> None:
    with pytest.raises(InputError, match="row 1 has no tokens"):
        EqualLengths([[1], [], [2]])


@pytest.mark.parametrize(("pooling", "embedding"), [(Pooling.CLS, [0.6, 0.8]), (Pooling.MEAN, [0.8, 0.6])])
def test_pooled_rows_by_hand(pooling: Pooling, embedding: list[float]) -> None:
    states = np.array([[[3, 4], [5, 2]]], dtype=np.float32)
    rows = pooled_rows(states, None, pooling)
    assert set(rows.features) == {"cls", "mean", "embedding"}
    np.testing.assert_array_equal(rows.features["cls"], [[3, 4]])
    np.testing.assert_array_equal(rows.features["mean"], [[4, 3]])
    np.testing.assert_allclose(rows.features["embedding"], [embedding], rtol=0, atol=1e-6)


def test_without_a_known_pooling_there_is_no_embedding() -> None:
    assert set(pooled_rows(np.ones((1, 2, 2), dtype=np.float32), None, None).features) == {"cls", "mean"}
