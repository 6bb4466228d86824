"""What is kept of a bootstrapped head, and that nothing else of the bundle changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import claxon
from claxon import LabelSet
from claxon.bundle import Bundle
from claxon_export.bootstrapping.provenance import LABELS_FROM, pseudo_label_details, with_details
from claxon_export.bootstrapping.selection import Selection, SelectionRule

SELECTION = Selection(np.array([0, 1, 1]), np.array([0.5, 0.25, 0.75]), np.array([0, 2]))
LABELS = LabelSet.of({"good": ["great", "fine"], "bad": "awful"})


def test_details_name_the_rule_and_the_phrasings() -> None:
    found = pseudo_label_details(LABELS, SelectionRule(0.4), SELECTION)
    assert found == {
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


def test_only_the_details_of_the_head_change(copied_bundle: Path) -> None:
    before = Bundle.open(copied_bundle)
    expected = claxon.load(copied_bundle, head="sentiment").predict_proba(["great book"])
    after = with_details(before, "sentiment", {"note": "by hand"})
    old, new = (next(head for head in bundle.manifest.heads if head.name == "sentiment") for bundle in (before, after))
    assert new.details == {**old.details, "note": "by hand"}
    assert before.manifest.files[old.file] == after.manifest.files[new.file]
    assert [head.name for head in after.manifest.heads] == [head.name for head in before.manifest.heads]
    np.testing.assert_array_equal(claxon.load(copied_bundle, head="sentiment").predict_proba(["great book"]), expected)
