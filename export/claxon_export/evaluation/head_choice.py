"""Which heads can be evaluated on these labels, and on which texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import HeadSpec, LabelValue
from claxon.errors import OptionError
from claxon_export.errors import EvaluationError
from claxon_export.evaluation.targets import Targets, listed, targets_of, unknown_labels_message
from claxon_export.metrics.results import spelled

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A head, and the truth in its columns."""

    spec: HeadSpec
    targets: Targets


@dataclass(frozen=True, slots=True)
class Chosen:
    """Heads to evaluate, all on the same texts.

    Attributes:
        is_kept: Which texts every one of them can be evaluated on. Shape: ``(texts,)``, bool.
        notes: What was passed over, and why.
    """

    candidates: tuple[Candidate, ...]
    is_kept: Array
    notes: tuple[str, ...]


def chosen_heads(
    specs: Sequence[HeadSpec],
    labels: Sequence[LabelValue],
    *,
    names: Sequence[str] | None = None,
    leave_out_unknown: bool = False,
) -> Chosen:
    """The heads named, or all that know the labels.

    Args:
        specs: Of the bundle.
        labels: The truth of each text.
        names: Heads; each must know every label. ``None``: heads that do not are passed over.
        leave_out_unknown: Heads need not know every label: texts whose label one of them does not know are left out,
            for all heads, so that they stay comparable.

    Raises:
        OptionError: there is no such head; a lone ``str``, or none.
        EvaluationError: a head does not know a label, or no text is left.
    """
    candidates = [Candidate(spec, targets_of(labels, spec.labels)) for spec in _named(specs, names)]
    fit = [result for result in candidates if _is_judgeable(result.targets, leave_out_unknown=leave_out_unknown)]
    passed_over = [result for result in candidates if result not in fit]
    if passed_over and (names is not None or not fit):
        raise EvaluationError(_refusal(passed_over[0]))
    is_kept = np.logical_and.reduce([result.targets.is_known for result in fit])
    if not is_kept.any():
        heads = ", ".join(repr(result.spec.name) for result in fit)
        raise EvaluationError(f"no text has a label that all of {heads} know; name heads that share labels")
    return Chosen(tuple(fit), is_kept, tuple(map(_passed_over, passed_over)))


def _named(specs: Sequence[HeadSpec], names: Sequence[str] | None) -> list[HeadSpec]:
    if isinstance(names, str) or (names is not None and not names):
        raise OptionError(f"heads is {names!r}, expected a list of names such as ['sentiment'], or None for all")
    if not specs:
        raise OptionError("the bundle has no heads; add one with `claxon fit` or `claxon add-head`")
    by_name = {spec.name: spec for spec in specs if spec.scores.is_exclusive}
    others = {spec.name: spec.scores for spec in specs if not spec.scores.is_exclusive}
    apart = next((name for name in (others if names is None and not by_name else names or ()) if name in others), None)
    if apart is not None:
        raise OptionError(f"head {apart!r} gives {others[apart]}: evaluate it by evaluate_{others[apart]}")
    unknown = [name for name in names or () if name not in by_name]
    if unknown:
        raise OptionError(f"the bundle has no head {unknown[0]!r}; its heads are: {', '.join(by_name)}")
    return [by_name[name] for name in dict.fromkeys(by_name if names is None else names)]


def _is_judgeable(targets: Targets, *, leave_out_unknown: bool) -> bool:
    return bool(targets.is_known.any()) if leave_out_unknown else not targets.unknown


def _refusal(candidate: Candidate) -> str:
    return unknown_labels_message(candidate.spec.name, candidate.targets, candidate.spec.labels)


def _passed_over(candidate: Candidate) -> str:
    known = listed(map(spelled, candidate.spec.labels))
    unknown = listed(candidate.targets.unknown)
    return f"head {candidate.spec.name!r} is not evaluated: it does not know {unknown}; it knows {known}"
