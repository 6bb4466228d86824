"""Which call is for which kind of scores."""

from __future__ import annotations

import pytest

from claxon.bundle.manifest import ScoreKind
from claxon.errors import OptionError
from claxon.heads.predict_options import most_labels, require_cosines, require_probabilities
from tests.head_kinds import FirstColumns

KINDS = {kind: FirstColumns(("a", "b"), kind) for kind in ScoreKind}


def test_every_kind_has_the_call_that_gives_its_scores() -> None:
    for kind, head in KINDS.items():
        if kind in (ScoreKind.PROBABILITY, ScoreKind.MULTI_LABEL):
            require_probabilities(head)
        else:
            with pytest.raises(OptionError, match=r"head 'first' gives .* are not probabilities"):
                require_probabilities(head)
        if kind is ScoreKind.COSINE:
            require_cosines(head)
        else:
            with pytest.raises(OptionError, match=r"head 'first' gives .*: use \w+\(\)"):
                require_cosines(head)


def test_one_label_or_all_that_hold() -> None:
    assert most_labels(KINDS[ScoreKind.DECISION], "auto") == 1
    assert most_labels(KINDS[ScoreKind.MULTI_LABEL], "auto") is None
    assert most_labels(KINDS[ScoreKind.MULTI_LABEL], 2) == 2
    assert most_labels(KINDS[ScoreKind.PROBABILITY], None) is None
    with pytest.raises(OptionError, match="gives numbers, not labels"):
        most_labels(KINDS[ScoreKind.REGRESSION], "auto")
    with pytest.raises(OptionError, match="top_k is 'many'"):
        most_labels(KINDS[ScoreKind.PROBABILITY], "many")
