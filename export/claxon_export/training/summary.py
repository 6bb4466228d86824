"""What ``claxon fit`` says when it is done, as aligned lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from claxon.bundle.manifest import LabelValue
from claxon.cli.rendering import INDENT, NO_BREAK, WIDTH, facts, pairs_in_words, table
from claxon_export.training.calibration import CalibrationKind
from claxon_export.training.few_shot import FewShotCurve
from claxon_export.training.report import FitReport
from claxon_export.training.search import Search

COUNTED_LABELS = 20


def fit_lines(report: FitReport) -> list[str]:
    """What a trained head is, how good it is, and how it is used."""
    follow_up = f"claxon predict {report.bundle.path} --head {report.head}".replace(" ", NO_BREAK)
    about = {**_training(report), **_judgement(report), **_calibration(report), "next": follow_up}
    search = ["", *_search_lines(report.search)] if report.search is not None else []
    curve = ["", *_curve_lines(report.curve)] if report.curve is not None else []
    return [f"{report.bundle.path}  head {report.head}", *facts(about), *search, *curve]


def _training(report: FitReport) -> dict[str, str]:
    skipped = f"; {report.n_skipped:,} rows left out" if report.n_skipped else ""
    held_out = f", {report.n_test:,} held out" if report.n_test else ", none held out"
    search = report.search
    by = "" if search is None else f", by cross-validated log loss on {search.n_rows:,} of the training texts"
    feature_by = f"{by};" if search is not None and search.compares_features else ","
    strength_by = by if search is not None and search.compares_strengths else ""
    return {
        "rows": f"{report.n_train:,} for training{held_out}{skipped}",
        "classes": f"{len(report.labels)}: {_counts(report.counts)}",
        "features": f"{report.feature}{feature_by} {report.precision} on {report.device}",
        "C": f"{report.C:g}{strength_by}",
    }


def _counts(counts: Mapping[LabelValue, int]) -> str:
    named = pairs_in_words({str(label): f"{n:,}" for label, n in list(counts.items())[:COUNTED_LABELS]})
    return named if len(counts) <= COUNTED_LABELS else f"{named} and {len(counts) - COUNTED_LABELS} more"


def _judgement(report: FitReport) -> dict[str, str]:
    scores = report.scores
    if scores is None:
        return {"accuracy": "unknown: no texts were held out"}
    return {
        "accuracy": f"{scores.accuracy:.3f} on the texts held out (95 % interval {scores.interval.low:.3f} to "
        f"{scores.interval.high:.3f})",
        "macro F1": f"{scores.macro_f1:.3f}",
        "baseline": f"{report.baseline_accuracy:.3f} for always predicting the most common label",
        "log loss": f"{scores.log_loss:.3f}, expected calibration error {scores.calibration_error:.3f}",
    }


def _calibration(report: FitReport) -> dict[str, str]:
    result = report.calibration
    if result is None:
        return _offer(report)
    what = f"temperature {1 / result.factor:.3f}"
    if result.kind is CalibrationKind.PLATT:
        what = f"Platt: logit x {result.factor:.3f} {'+' if result.shift >= 0 else '-'} {abs(result.shift):.3f}"
    before, after = report.uncalibrated, report.scores
    if before is None or after is None:
        return {"calibrated": f"{what}; not evaluated, as no texts were held out"}
    return {
        "calibrated": f"{what}; expected calibration error {before.calibration_error:.3f} to "
        f"{after.calibration_error:.3f}, log loss {before.log_loss:.3f} to {after.log_loss:.3f} on the texts held out"
    }


def _offer(report: FitReport) -> dict[str, str]:
    """What ``--calibrate`` would change, where the calibration error is large."""
    scores, offered = report.scores, report.offered
    if scores is None or offered is None:
        return {}
    before, after = scores.calibration_error, offered.calibration_error
    advice = "add --calibrate (calibrate=True)" if after < before else "more texts are likely to help more"
    return {
        "calibration": f"the probabilities are off by {before:.3f} on average on the texts held out; --calibrate would "
        f"make it {after:.3f}: {advice}"
    }


def _search_lines(search: Search) -> list[str]:
    rows = [
        [str(tried.feature), f"{tried.C:g}", f"{tried.log_loss:.4f}", f"{tried.accuracy:.3f}", mark]
        for tried in search.candidates
        for mark in ["chosen" if tried == search.best else ""]
    ]
    return table([["compared", "C", "log loss", "accuracy", ""], *rows])


def _curve_lines(curve: FewShotCurve) -> Iterator[str]:
    rows = [
        [
            "all" if point.per_label is None else f"{point.per_label:,}",
            f"{point.n_texts:,}",
            f"{point.accuracy:.3f}",
            "" if point.draws == 1 else f"{point.deviation:.3f}",
            "" if point.draws == 1 else f"{point.spread.low:.3f} to {point.spread.high:.3f}",
        ]
        for point in curve.points
    ]
    draws = max(point.draws for point in curve.points)
    yield from table([["labels per class", "texts", "accuracy", "deviation", f"of {draws} draws"], *rows])
    yield from textwrap.wrap(curve.conclusion, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
