"""``claxon evaluate``: evaluates a bundle's heads on labeled texts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from claxon.cli.arguments import add_bundle, add_run, finite_float, positive_int
from claxon.errors import MissingDependencyError, OptionError
from claxon.support.reporting import steps
from claxon_export.commands.labelled_input import add_labelled, labelled_input, targets_input
from claxon_export.errors import EvaluationError
from claxon_export.evaluation.targets import parsed_map
from claxon_export.evaluation.thresholds import requirements, shortfalls

if TYPE_CHECKING:
    from claxon.bundle.manifest import HeadSpec
    from claxon_export.evaluation.options import EvaluateOptions


class Evaluate:
    """Evaluates a bundle's heads."""

    name = "evaluate"
    help = (
        "Evaluate a bundle's heads on labeled texts: accuracy, F1 and calibration with confidence intervals, compared "
        "with baselines that ignore the texts; which head is better, and which texts to read. --report writes a page "
        "with pictures. A head of several labels a text, or of numbers, is evaluated alone. The exit code is 1 if a "
        "head falls short of --fail-under."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon evaluate BUNDLE DATA [options]"
        add_bundle(parser)
        add_labelled(parser)
        _add_judging(parser)
        _add_report(parser)
        _add_engine(parser)

    def run(self, options: argparse.Namespace) -> int:
        """Evaluate, print, write the report, and check the requirements."""
        from claxon.encoder.loading import LoadOptions
        from claxon_export.evaluation.evaluate import evaluate_labelled
        from claxon_export.evaluation.report.report import write_report
        from claxon_export.evaluation.terminal import evaluation_lines

        kind = _kind_of(options)
        if kind is not None:
            return _evaluate_targets(options, kind)
        required = requirements(options.fail_under, options.fail_over)
        _check_report(options)
        evaluation = evaluate_labelled(
            options.bundle,
            labelled_input(options),
            _judging(options),
            LoadOptions(
                device=options.device,
                precision=options.precision,
                threads=options.threads,
                max_tokens=options.max_tokens,
            ),
            cache=not options.no_cache,
            show_progress_bar=not options.quiet,
        )
        print(evaluation.to_json().rstrip() if options.json else "\n".join(evaluation_lines(evaluation)))
        if options.report is not None:
            with steps(is_shown=not options.quiet) as begin:
                begin("drawing the report")
                page = write_report(evaluation, options.report, pictures=not options.no_pictures, force=options.force)
            print(f"claxon: report written to {page}", file=sys.stderr)
        short = shortfalls(evaluation, required)
        if short:
            raise EvaluationError("; ".join(short))
        return 0


EVALUATE = Evaluate()


def _kind_of(options: argparse.Namespace) -> HeadSpec | None:
    """The head to evaluate by itself: the one named, or the only one, where its labels do not exclude each other."""
    from claxon.bundle.bundle import Bundle

    specs = {spec.name: spec for spec in Bundle.open(options.bundle).manifest.heads}
    names = options.head or list(specs)
    others = [name for name in names if name in specs and not specs[name].scores.is_exclusive]
    if len(names) > 1 and options.head and others:
        raise OptionError(
            f"head {others[0]!r} gives {specs[others[0]].scores} and is evaluated alone: --head {others[0]}"
        )
    return specs[others[0]] if len(names) == 1 and others else None


def _evaluate_targets(options: argparse.Namespace, spec: HeadSpec) -> int:
    from claxon.bundle.bundle import Bundle
    from claxon.bundle.manifest import ScoreKind
    from claxon.encoder.loading import LoadOptions
    from claxon_export.data.multi_labelled import number, several
    from claxon_export.targets.targets_evaluation import evaluate_targets
    from claxon_export.targets.targets_lines import targets_lines

    asked = ("report", "ordered", "learning_curve", "margin", "map", "leave_out_unknown", "fail_under", "fail_over")
    for name in asked:
        if getattr(options, name) not in (None, False, []):
            raise OptionError(f"head {spec.name!r} gives {spec.scores}: --{name.replace('_', '-')} is not for it")
    labelled = targets_input(options, number if spec.scores is ScoreKind.REGRESSION else several)
    engine = LoadOptions(
        device=options.device, precision=options.precision, threads=options.threads, max_tokens=options.max_tokens
    )
    found = evaluate_targets(
        Bundle.open(options.bundle),
        spec,
        labelled,
        engine,
        options.threshold,
        cache=not options.no_cache,
        is_shown=not options.quiet,
    )
    print(found.to_json().rstrip() if options.json else "\n".join(targets_lines(found)))
    return 0


def _judging(options: argparse.Namespace) -> EvaluateOptions:
    from claxon_export.evaluation.options import EvaluateOptions

    return EvaluateOptions(
        heads=options.head,
        label_map=parsed_map(options.map),
        leave_out_unknown=options.leave_out_unknown,
        threshold=options.threshold,
        margin=options.margin,
        ordered=options.ordered,
        learning_curve=options.learning_curve,
        resamples=options.resamples,
        seed=options.seed,
    )


def _add_judging(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("evaluation")
    group.add_argument(
        "--head",
        metavar="NAME",
        action="append",
        help="a head to evaluate; may be repeated (default: all that know the labels)",
    )
    group.add_argument(
        "--map", metavar="OLD=NEW", action="append", default=[],
        help="rename DATA's label OLD to NEW, as the heads call it; may be repeated",
    )  # fmt: skip
    group.add_argument(
        "--leave-out-unknown", action="store_true", help="leave out texts whose label an evaluated head does not know"
    )
    group.add_argument(
        "--threshold", metavar="T", type=finite_float, help="no label for texts whose best score is below T"
    )
    group.add_argument(
        "--margin",
        metavar="M",
        type=finite_float,
        help="no label for texts whose best score leads the second best by less than M",
    )
    group.add_argument(
        "--ordered", action="store_true", help="labels are steps of a scale: also report the share within one step"
    )
    group.add_argument(
        "--learning-curve",
        action="store_true",
        help="fit heads on more and more of DATA: how much would more labels help?",
    )
    group.add_argument(
        "--resamples",
        metavar="N",
        type=positive_int,
        default=1000,
        help="bootstrap resamples for the intervals (default: 1000)",
    )
    group.add_argument(
        "--seed", metavar="N", type=int, default=0, help="seed for everything that is random (default: 0)"
    )


def _add_report(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("result")
    group.add_argument("--json", action="store_true", help="print JSON instead of a table")
    group.add_argument("--report", metavar="DIR", type=Path, help="write a page, its pictures and the JSON into DIR")
    group.add_argument(
        "--no-pictures", action="store_true", help="write a report without pictures; needs no matplotlib"
    )
    group.add_argument("--force", action="store_true", help="replace an existing report")
    group.add_argument("-q", "--quiet", action="store_true", help="do not show progress on standard error")
    group.add_argument(
        "--fail-under", metavar="METRIC=VALUE", action="append", default=[],
        help="exit code 1 if a head is below, such as accuracy=0.8; may be repeated",
    )  # fmt: skip
    group.add_argument(
        "--fail-over", metavar="METRIC=VALUE", action="append", default=[],
        help="exit code 1 if a head is above, for losses such as log_loss=0.5; may be repeated",
    )  # fmt: skip


def _add_engine(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("engine")
    add_run(group)
    group.add_argument(
        "--max-tokens", metavar="N", type=positive_int, help="truncate texts to N tokens (default: the bundle's limit)"
    )
    group.add_argument("--no-cache", action="store_true", help="do not use the feature cache")


def _check_report(options: argparse.Namespace) -> None:
    """Raise before any work is done if the report cannot be written."""
    from claxon_export.evaluation.report.report import check_report_target
    from claxon_export.requirements import required

    if options.report is None:
        return
    check_report_target(options.report, force=options.force)
    if options.no_pictures:
        return
    try:
        required("matplotlib", extra="report")
    except MissingDependencyError as error:
        raise MissingDependencyError(f"{error}; or add --no-pictures") from error
