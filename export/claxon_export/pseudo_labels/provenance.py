"""What the manifest keeps of a bootstrapped head, beside what it keeps of any trained one."""

from __future__ import annotations

from claxon.bundle.manifest import LabelValue
from claxon.heads.label_sets import LabelSet
from claxon_export.pseudo_labels.selection import Selection, SelectionRule

LABELS_FROM = "similarity to label names (pseudo-labels, not truth)"


def pseudo_label_details(labels: LabelSet, rule: SelectionRule, selection: Selection) -> dict[str, LabelValue]:
    """Where the labels come from, and by which rule the texts were chosen."""
    details: dict[str, LabelValue] = {
        "labels_from": LABELS_FROM,
        "texts_to_choose_from": len(selection.nearest),
        "smallest_margin": float(selection.margins[selection.rows].min()),
        "combine": str(labels.combine),
    }
    if rule.per_label is None:
        details["share"] = rule.share
    else:
        details["per_label"] = rule.per_label
    for label, group in zip(labels.labels, labels.phrasings, strict=True):
        details[f"phrasings of {label}"] = " | ".join(group)
    return details
