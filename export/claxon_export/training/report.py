"""What was fitted, as it is told, and as the manifest keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature, LabelValue
from claxon.version import __version__
from claxon_export.data.labelled import LabelledTexts
from claxon_export.metrics.scores import Scores
from claxon_export.training.calibration import Calibration
from claxon_export.training.few_shot import FewShotCurve
from claxon_export.training.options import FitOptions
from claxon_export.training.search import Search

# So many labels are counted one by one in a manifest.
COUNTED_LABELS = 50


@dataclass(frozen=True, slots=True)
class FitReport:
    """What was fitted, and how well it does on the texts that were held out.

    Attributes:
        bundle: With the head.
        head: Its name.
        feature: What it reads, and
        labels: gives, in this order.
        n_train: Texts trained on.
        n_test: Texts held out.
        accuracy: Share of held-out texts labeled right; ``None`` where none were held out.
        baseline_accuracy: The same for always predicting the most common label of the training texts.
        C: Chosen or given.
        counts: Texts of each label.
        precision: Of the encoder's graph that made the features, and
        device: where it ran.
        n_skipped: Rows that were left out.
        scores: All figures of the held-out texts, with the accuracy's 95 % interval.
        search: What cross-validation compared, ``None`` if nothing was.
        calibration: What was folded into the coefficients, and
        uncalibrated: the figures without it; ``None`` where none was requested.
        curve: The learning curve, if requested.
        notices: What was odd, in whole sentences; ``fit`` warns of them as well.
        offered: The scores that ``calibrate=True`` would give on the held-out texts, where their calibration error
            exceeds 0.05 and no calibration was requested.
    """

    bundle: Bundle
    head: str
    feature: Feature
    labels: tuple[LabelValue, ...]
    n_train: int
    n_test: int
    accuracy: float | None
    baseline_accuracy: float | None
    C: float
    counts: Mapping[LabelValue, int]
    precision: str
    device: str
    n_skipped: int = 0
    scores: Scores | None = None
    search: Search | None = None
    calibration: Calibration | None = None
    uncalibrated: Scores | None = None
    curve: FewShotCurve | None = None
    notices: tuple[str, ...] = ()
    offered: Scores | None = None


def details_of(report: FitReport, labelled: LabelledTexts, options: FitOptions) -> dict[str, LabelValue]:
    """What the manifest keeps of a head: what it was trained on and how, and its scores."""
    details: dict[str, LabelValue] = {"claxon": __version__}
    if labelled.place == "line":
        details["data"] = Path(labelled.name).name
    details |= {
        "data_sha256": labelled.sha256,
        "rows": len(labelled),
        "skipped_rows": labelled.skipped.count,
        "training_texts": report.n_train,
        "held_out_texts": report.n_test,
        "classes": len(report.labels),
        "class_counts": _counts(report.counts),
        "seed": options.seed,
        "C": report.C,
        "C_by": _by(report.search is not None and report.search.compares_strengths),
        "feature_by": _by(report.search is not None and report.search.compares_features),
        "class_weight": options.class_weight or "none",
        "precision": report.precision,
        "device": report.device,
        "calibration": "none" if report.calibration is None else str(report.calibration.kind),
    }
    if report.calibration is not None:
        details |= {"calibration_factor": report.calibration.factor, "calibration_shift": report.calibration.shift}
    return details | _score_details(report)


def _score_details(report: FitReport) -> dict[str, LabelValue]:
    if report.scores is None or report.baseline_accuracy is None:
        return {}
    return {
        "held_out_accuracy": report.scores.accuracy,
        "held_out_accuracy_low": report.scores.interval.low,
        "held_out_accuracy_high": report.scores.interval.high,
        "held_out_macro_f1": report.scores.macro_f1,
        "held_out_log_loss": report.scores.log_loss,
        "held_out_calibration_error": report.scores.calibration_error,
        "baseline_accuracy": report.baseline_accuracy,
    }


def _by(is_compared: bool) -> str:
    return "cross-validation" if is_compared else "choice"


def _counts(counts: Mapping[LabelValue, int]) -> str:
    named = ", ".join(f"{label} {count}" for label, count in list(counts.items())[:COUNTED_LABELS])
    return named if len(counts) <= COUNTED_LABELS else f"{named} and {len(counts) - COUNTED_LABELS} more"
