"""``claxon fit``: trains a head on labeled texts."""

from __future__ import annotations

import argparse
import warnings

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature
from claxon.cli.arguments import add_bundle, add_run, finite_float, positive_int
from claxon.cli.rendering import facts
from claxon.engine.selection import AUTO
from claxon_export.commands.labelled_input import add_labelled, labelled_input, targets_input
from claxon_export.training.options import FitOptions


class Fit:
    """Trains a head on labeled texts."""

    name = "fit"
    help = (
        "Train a LogisticRegression on the bundle's own features of labeled texts, and add it to the bundle as a "
        "head. A part of the texts is held out to evaluate it. With --multi-label each text may have several labels."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon fit BUNDLE DATA --head NAME [options]"
        add_bundle(parser)
        add_labelled(parser)
        parser.add_argument("--head", metavar="NAME", required=True, help="the head's name")
        parser.add_argument(
            "--multi-label",
            action="store_true",
            help="texts have any number of labels: joined by | in CSV, lists in JSON; one logistic regression a label",
        )
        _add_training(parser)
        _add_judgement(parser)
        engine = parser.add_argument_group("engine")
        add_run(engine)
        engine.add_argument("--no-cache", action="store_true", help="do not use the feature cache")
        parser.add_argument("--force", action="store_true", help="replace a head of that name")
        parser.add_argument("-q", "--quiet", action="store_true", help="do not show progress on standard error")

    def run(self, options: argparse.Namespace) -> int:
        """Train and add the head, and print its evaluation."""
        from claxon_export.training.fitting import fit_labelled
        from claxon_export.training.summary import fit_lines

        if options.multi_label:
            return _fit_multi_label(options)
        labelled = labelled_input(options)
        report = fit_labelled(Bundle.open(options.bundle), labelled, _fit_options(options))
        for notice in report.notices:
            warnings.warn(notice, UserWarning, stacklevel=1)
        print("\n".join(fit_lines(report)))
        return 0


FIT = Fit()


def _fit_multi_label(options: argparse.Namespace) -> int:
    from claxon_export.data.multi_labelled import several
    from claxon_export.targets.multi_label import fit_targets
    from claxon_export.targets.targets_lines import score_lines

    report = fit_targets(Bundle.open(options.bundle), targets_input(options, several), _fit_options(options))
    rows = f"{report.n_train:,} for training, {report.n_test:,} held out"
    labels = f"{len(report.labels)}: {', '.join(map(str, report.labels))}"
    print(f"{report.bundle.path}  head {report.head}")
    print("\n".join(facts({"rows": rows, "labels": labels, "feature": str(report.feature)})))
    print("\n".join(["  unknown: no texts were held out"] if report.scores is None else score_lines(report.scores)))
    return 0


def _add_training(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("training")
    group.add_argument(
        "--feature",
        "--features",
        choices=[*Feature, AUTO],
        help="feature that the head reads; auto cross-validates them (default: the source's sentence embedding)",
    )
    group.add_argument(
        "--C",
        metavar="C",
        type=_strength,
        default=1.0,
        help="inverse strength of regularization; auto chooses it by cross-validation (default: 1)",
    )
    group.add_argument("--class-weight", choices=["balanced"], help="weigh rare labels more (default: all rows alike)")
    group.add_argument(
        "--calibrate", action="store_true", help="scale the probabilities so that they match the observed accuracy"
    )
    group.add_argument(
        "--max-iter",
        metavar="N",
        type=positive_int,
        default=1000,
        help="largest number of solver steps (default: 1000)",
    )


def _add_judgement(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("evaluation")
    group.add_argument(
        "--test-size",
        metavar="SHARE",
        type=finite_float,
        default=0.2,
        help="share of the texts held out, 0 for none (default: 0.2)",
    )
    group.add_argument(
        "--seed", metavar="N", type=int, default=0, help="seed for the split, the folds and the draws (default: 0)"
    )
    group.add_argument(
        "--few-shot",
        metavar="N[,N]",
        type=_sizes,
        help="compute a learning curve: accuracy by labels per class, up to N or at these numbers",
    )


def _strength(word: str) -> float | str:
    return AUTO if word == AUTO else finite_float(word)


def _sizes(word: str) -> int | list[int]:
    sizes = [positive_int(part.strip()) for part in word.split(",")]
    return sizes[0] if len(sizes) == 1 else sizes


def _fit_options(options: argparse.Namespace) -> FitOptions:
    return FitOptions(
        head=options.head,
        feature=options.feature,
        C=options.C,
        max_iter=options.max_iter,
        class_weight=options.class_weight,
        test_size=options.test_size,
        seed=options.seed,
        calibrate=options.calibrate,
        few_shot=options.few_shot,
        precision=options.precision,
        device=options.device,
        threads=options.threads,
        cache=not options.no_cache,
        force=options.force,
        show_progress_bar=not options.quiet,
    )
