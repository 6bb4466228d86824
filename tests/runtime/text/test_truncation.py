"""What is said of cut texts: once, with the count and the first row, or as an error, or not at all."""

from __future__ import annotations

import numpy as np
import pytest

import claxon
from claxon.errors import TruncatedTextError
from claxon.text.tokens import Tokens
from claxon.text.truncation import OnTruncation, TruncationWarning, report_truncation

LENGTHS = np.array([3, 5, 5, 2], np.int64)
CUT = Tokens(np.zeros(15, np.int64), LENGTHS, np.array([3, 9, 7, 2], np.int64))
WHOLE = Tokens(np.zeros(15, np.int64), LENGTHS, LENGTHS)


def test_a_warning_names_the_count_the_limit_and_the_first_row() -> None:
    with pytest.warns(
        TruncationWarning, match=r"^2 of 4 texts have more than 5 tokens \(row 1 has at least 9\) and are cut"
    ):
        report_truncation(CUT.uncut_lengths, CUT.truncated, 5, OnTruncation.WARN)


def test_the_warning_points_outside_the_package() -> None:
    with pytest.warns(TruncationWarning) as caught:
        report_truncation(CUT.uncut_lengths, CUT.truncated, 5, OnTruncation.WARN)
    assert [warning.filename for warning in caught] == [__file__]


def test_an_error_names_the_same_and_the_way_out() -> None:
    with pytest.raises(TruncatedTextError, match=r"^2 of 4 texts .* \(row 1 has at least 9\); .*on_truncation='warn'$"):
        report_truncation(CUT.uncut_lengths, CUT.truncated, 5, OnTruncation.ERROR)


def test_ignore_does_not_warn() -> None:
    report_truncation(CUT.uncut_lengths, CUT.truncated, 5, OnTruncation.IGNORE)


@pytest.mark.parametrize("action", OnTruncation)
def test_untruncated_texts_do_not_warn(action: OnTruncation) -> None:
    report_truncation(WHOLE.uncut_lengths, WHOLE.truncated, 5, action)


def test_the_warning_is_public() -> None:
    assert claxon.TruncationWarning is TruncationWarning
    assert issubclass(TruncationWarning, UserWarning)
