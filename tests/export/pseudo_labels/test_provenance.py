"""What is kept of a bootstrapped head."""

from __future__ import annotations

import numpy as np

from claxon import LabelSet
from claxon_export.pseudo_labels.provenance import LABELS_FROM, pseudo_label_details
from claxon_export.pseudo_labels.selection import Selection, SelectionRule

SELECTION = Selection(np.array([0, 1, 1]), np.array([0.5, 0.25, 0.75]), np.array([0, 2]))
LABELS = LabelSet.of({"good": ["great", "fine"], "bad": "awful"})


def test_details_name_the_rule_and_the_phrasings() -> None:
    result = pseudo_label_details(LABELS, SelectionRule(0.4), SELECTION)
    assert result == {
        "labels_from": LABELS_FROM,
        "texts_to_choose_from": 3,
        "smallest_margin": 0.5,
        "combine": "mean",
        "share": 0.4,
        "phrasings of good": "great | fine",
        "phrasings of bad": "awful",
    }
    by_number = pseudo_label_details(LABELS, SelectionRule(per_label=7), SELECTION)
    assert by_number["per_label"] == 7
    assert "share" not in by_number
