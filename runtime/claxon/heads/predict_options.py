"""What ``predict`` and its relatives are asked, and which of them is for which kind of scores."""

from __future__ import annotations

from claxon.bundle.manifest import ScoreKind
from claxon.encoder.run_options import RUN_DEFAULTS, RunOptions
from claxon.engine.selection import AUTO
from claxon.errors import OptionError
from claxon.heads.answers import Answering
from claxon.heads.decision import Threshold
from claxon.support.validation import count


class PredictOptions(RunOptions, total=False):
    """``threshold`` and ``margin`` as for ``Classifier.predict``, and what every run of the encoder takes."""

    threshold: Threshold | None
    margin: float | None


PREDICT_DEFAULTS: PredictOptions = {**RUN_DEFAULTS, "threshold": None, "margin": None}
NO_PROBABILITIES = {
    ScoreKind.COSINE: "cosines, which are not probabilities: use similarity(), or give the head a temperature",
    ScoreKind.DECISION: "values of a decision function, which are not probabilities: use decision_function()",
    ScoreKind.REGRESSION: "numbers, which are not probabilities: use predict()",
}
NO_COSINES = {
    ScoreKind.PROBABILITY: "probabilities: use predict_proba()",
    ScoreKind.DECISION: "values of a decision function: use decision_function()",
    ScoreKind.MULTI_LABEL: "probabilities: use predict_proba()",
    ScoreKind.REGRESSION: "numbers: use predict()",
}


def require_probabilities(head: Answering) -> None:
    """Raise ``OptionError`` unless the head gives probabilities; the message names the method for what it gives."""
    instead = NO_PROBABILITIES.get(head.score_kind)
    if instead is not None and head.temperature is None:
        raise OptionError(f"head {head.name!r} gives {instead}")


def require_cosines(head: Answering) -> None:
    """Raise ``OptionError`` unless the head gives cosines; the message names the method for what it gives."""
    instead = NO_COSINES.get(head.score_kind)
    if instead is not None:
        raise OptionError(f"head {head.name!r} gives {instead}")


def most_labels(head: Answering, top_k: int | str | None) -> int | None:
    """How many labels a text gets at most; ``None`` for all.

    Raises:
        OptionError: ``top_k`` is not 1 or more, or the head has no labels.
    """
    if head.score_kind is ScoreKind.REGRESSION:
        raise OptionError(f"head {head.name!r} gives numbers, not labels: use predict()")
    chosen = (1 if head.score_kind.is_exclusive else None) if top_k == AUTO else top_k
    return count("top_k", chosen, none_means="all labels")
