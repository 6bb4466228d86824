"""``claxon fit``: a head from labelled texts."""

from __future__ import annotations

import argparse
import sys

from claxon.commands.arguments import add_bundle, finite_float, positive_int
from claxon.manifest import Feature
from claxon_export.commands.labelled_input import add_labelled, labelled_input
from claxon_export.summaries import fit_lines


class Fit:
    """A head from labelled texts."""

    name = "fit"
    help = (
        "Train a LogisticRegression on the bundle's own features of labelled texts, and add it to the bundle as a "
        "head. A part of the texts is held out to judge it by."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare its arguments."""
        parser.usage = "claxon fit BUNDLE DATA --head NAME [options]"
        add_bundle(parser)
        add_labelled(parser)
        parser.add_argument("--head", metavar="NAME", required=True, help="the head's name")
        parser.add_argument(
            "--feature", choices=list(Feature), help="what it reads (default: what the source calls its embedding)"
        )
        _add_training(parser)
        parser.add_argument(
            "--no-cache", action="store_true", help="encode every text, and keep nothing for the next time"
        )
        parser.add_argument("--force", action="store_true", help="replace a head of that name")

    def run(self, options: argparse.Namespace) -> int:
        """Train, add, and say how good it is."""
        from claxon_export import fit

        labelled = labelled_input(options)
        report = fit(
            options.bundle,
            labelled.texts,
            labelled.labels,
            head=options.head,
            feature=options.feature,
            C=options.C,
            max_iter=options.max_iter,
            class_weight=options.class_weight,
            test_size=options.test_size,
            seed=options.seed,
            cache=not options.no_cache,
            force=options.force,
            show_progress_bar=sys.stderr.isatty(),
        )
        print("\n".join(fit_lines(report)))
        return 0


FIT = Fit()


def _add_training(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("training")
    group.add_argument(
        "--C", metavar="C", type=finite_float, default=1.0, help="inverse strength of regularisation (default: 1)"
    )
    group.add_argument(
        "--max-iter", metavar="N", type=positive_int, default=1000, help="steps of the solver at most (default: 1000)"
    )
    group.add_argument("--class-weight", choices=["balanced"], help="weigh rare labels more (default: all rows alike)")
    group.add_argument(
        "--test-size", metavar="SHARE", type=finite_float, default=0.2, help="share held out, 0 for none (default: 0.2)"
    )
    group.add_argument("--seed", metavar="N", type=int, default=0, help="of the split (default: 0)")
