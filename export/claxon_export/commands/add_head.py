"""``claxon add-head``: adds a head to a bundle."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

from claxon.bundle.manifest import Feature, Precision
from claxon.cli.arguments import add_bundle
from claxon.cli.commands.similar import add_labels, label_set_of
from claxon.engine.selection import AUTO
from claxon.errors import OptionError
from claxon_export.bundle.summaries import head_lines
from claxon_export.errors import HeadError


class AddHead:
    """Adds a head to a bundle."""

    name = "add-head"
    help = "Add a head to a bundle: label names, to which texts are compared, or a trained estimator."

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon add-head BUNDLE --name NAME (--labels A,B,… | --labels-file FILE | --estimator FILE) …"
        add_bundle(parser)
        parser.add_argument("--name", metavar="NAME", required=True, help="the head's name")
        choice = add_labels(parser)
        choice.add_argument("--estimator", metavar="FILE", type=Path, help="a fitted scikit-learn estimator, by joblib")
        parser.add_argument(
            "--precision",
            choices=[AUTO, *Precision],
            help="precision that labels are embedded in, independent of the texts' (default: fp32 if it is there)",
        )
        group = parser.add_argument_group("estimator")
        group.add_argument(
            "--trust-pickle", action="store_true", help="allow FILE, a pickle, to run any code in it when it is opened"
        )
        group.add_argument(
            "--feature",
            choices=[str(choice) for choice in Feature],
            help="feature that the head reads (default: the source's sentence embedding)",
        )
        group.add_argument(
            "--label-names",
            metavar="A,B,…",
            help="names for the estimator's classes, in their order; for the outputs of several labels at once, or for "
            "a regression's number",
        )
        parser.add_argument("--force", action="store_true", help="replace a head of that name")

    def run(self, options: argparse.Namespace) -> int:
        """Add the head."""
        from claxon_export import add_head

        if options.estimator is not None:
            _refuse_label_options(options)
            estimator = _estimator(options.estimator, is_trusted=options.trust_pickle)
            how: dict[str, Any] = {"estimator": estimator, "feature": options.feature}
            how["label_names"] = None if options.label_names is None else options.label_names.split(",")
        else:
            how = {"labels": label_set_of(options), "temperature": options.temperature, "feature": options.feature}
            how["precision"] = options.precision
            if options.label_names is not None:
                raise OptionError("--label-names goes with --estimator, not with labels")
        bundle = add_head(options.bundle, options.name, force=options.force, **how)
        print("\n".join(head_lines(bundle, options.name)))
        return 0


ADD_HEAD = AddHead()


def _refuse_label_options(options: argparse.Namespace) -> None:
    of_labels = (options.template, options.combine, options.temperature, options.precision)
    if any(option is not None for option in of_labels):
        raise OptionError("--template, --combine, --temperature and --precision go with labels, not with --estimator")


def _estimator(path: Path, *, is_trusted: bool) -> Any:
    """Load the estimator from a joblib file.

    Raises:
        OptionError: nobody said that the file may run code.
        HeadError: it cannot be opened as what it claims to be.
    """
    if not is_trusted:
        raise OptionError(
            f"{path} is a pickle, which can run any code when it is opened; add --trust-pickle if you made it "
            "or trust whoever did"
        )
    joblib = importlib.import_module("joblib")
    try:
        return joblib.load(path)
    except OSError:
        raise
    except Exception as error:  # unpickling runs code of any kind, which may raise anything
        raise HeadError(f"{path} cannot be opened with joblib: {type(error).__name__}: {error}") from error
