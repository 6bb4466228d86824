"""The commands that make bundles: ``export``, ``add-head``, ``fit``, ``demo``; what is heavy is imported by ``run``."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path
from typing import Any

from claxon.commands.arguments import add_bundle, finite_float, positive_int
from claxon.commands.similar import add_labels, label_set_of
from claxon.errors import InputError, OptionError
from claxon.manifest import Feature, LabelValue
from claxon.records import Format, Records, Row, open_records
from claxon_export.errors import ExportError, HeadError, ParityError
from claxon_export.summaries import export_lines, fit_lines, head_lines

DEFAULT_LABEL_COLUMN = "label"


class Export:
    """A checkpoint becomes a bundle."""

    name = "export"
    help = (
        "Make a bundle from a checkpoint. Source and bundle are compared on real texts first; if they differ, nothing "
        "is written and the exit code is 1."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare its arguments."""
        parser.usage = "claxon export SOURCE OUT [options]"
        parser.add_argument("source", metavar="SOURCE", help="a Hub id (org/name), or a local folder")
        parser.add_argument("out", metavar="OUT", type=Path, help="the bundle's folder")
        parser.add_argument("--revision", metavar="REV", help="branch, tag or commit of a Hub id")
        parser.add_argument(
            "--pooling", choices=["mean", "cls"], help="how a sentence embedding is pooled, if SOURCE does not say"
        )
        parser.add_argument(
            "--max-tokens", metavar="N", type=positive_int, help="a lower limit (default: what SOURCE says)"
        )
        parser.add_argument("--labels", metavar="A,B,…", help="other names for its classifier's labels, in their order")
        parser.add_argument(
            "--exporter",
            choices=["native", "optimum"],
            default="native",
            help="optimum is for architectures without a graph writer (default: native)",
        )
        parser.add_argument("--texts", metavar="FILE", help="more texts to compare on: .csv, .jsonl or plain lines")
        parser.add_argument(
            "--token-states", action="store_true", help="let the graph give every token's last hidden state out too"
        )
        parser.add_argument(
            "--precision",
            metavar="P[,P]",
            default="fp32",
            help="what the bundle holds: fp32, int8 or fp32,int8 (default: fp32)",
        )
        parser.add_argument(
            "--calibration",
            metavar="FILE",
            help="texts like those that will come, for int8: .csv, .jsonl or plain lines (default: packaged ones)",
        )
        parser.add_argument("--no-verify", action="store_true", help="do not compare; the manifest then says so")
        parser.add_argument("--force", action="store_true", help="replace a bundle that is there")

    def run(self, options: argparse.Namespace) -> int:
        """Export, and say how it went."""
        from claxon_export import export

        start = time.perf_counter()
        try:
            bundle = export(
                options.source,
                options.out,
                revision=options.revision,
                pooling=options.pooling,
                max_tokens=options.max_tokens,
                labels=None if options.labels is None else _names(options.labels),
                exporter=options.exporter,
                texts=_texts(options.texts),
                verify=not options.no_verify,
                token_states=options.token_states,
                precision=_names(options.precision),
                calibration=_texts(options.calibration),
                show_progress_bar=sys.stderr.isatty(),
                force=options.force,
            )
        except ParityError as error:
            print(error.report, file=sys.stderr)
            raise ExportError("the comparison shown above failed; nothing was written") from error
        print("\n".join(export_lines(bundle, time.perf_counter() - start)))
        return 0


class AddHead:
    """One more head."""

    name = "add-head"
    help = "Add a head to a bundle: label names, to which texts are compared, or a trained LogisticRegression."

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare its arguments."""
        parser.usage = "claxon add-head BUNDLE --name NAME (--labels A,B,… | --labels-file FILE | --estimator FILE) …"
        add_bundle(parser)
        parser.add_argument("--name", metavar="NAME", required=True, help="the head's name")
        choice = add_labels(parser)
        choice.add_argument("--estimator", metavar="FILE", type=Path, help="a fitted scikit-learn estimator, by joblib")
        group = parser.add_argument_group("estimator")
        group.add_argument(
            "--trust-pickle", action="store_true", help="open FILE although opening it may run any code that is in it"
        )
        _add_feature(group)
        parser.add_argument("--force", action="store_true", help="replace a head of that name")

    def run(self, options: argparse.Namespace) -> int:
        """Add the head."""
        from claxon_export import add_head

        if options.estimator is not None:
            _refuse_label_options(options)
            estimator = _estimator(options.estimator, is_trusted=options.trust_pickle)
            how: dict[str, Any] = {"estimator": estimator, "feature": options.feature}
        else:
            how = {"labels": label_set_of(options), "temperature": options.temperature}
        bundle = add_head(options.bundle, options.name, force=options.force, **how)
        print("\n".join(head_lines(bundle, options.name)))
        return 0


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
        parser.add_argument("data", metavar="DATA", help="labelled texts: .csv, .tsv or .jsonl; - is standard input")
        parser.add_argument("--head", metavar="NAME", required=True, help="the head's name")
        parser.add_argument("--text", metavar="COLUMN", help="the texts' column (default: text)")
        parser.add_argument(
            "--label", metavar="COLUMN", default=DEFAULT_LABEL_COLUMN, help="the labels' column (default: label)"
        )
        parser.add_argument(
            "--format",
            choices=[Format.CSV, Format.TSV, Format.JSONL],
            help="how DATA is written (default: by its suffix)",
        )
        _add_feature(parser)
        _add_training(parser)
        parser.add_argument("--force", action="store_true", help="replace a head of that name")

    def run(self, options: argparse.Namespace) -> int:
        """Train, add, and say how good it is."""
        from claxon_export import fit

        labelled = _labelled(options)
        report = fit(
            options.bundle,
            [row.text for row in labelled],
            [_label(row, options) for row in labelled],
            head=options.head,
            feature=options.feature,
            C=options.C,
            max_iter=options.max_iter,
            class_weight=options.class_weight,
            test_size=options.test_size,
            seed=options.seed,
            force=options.force,
            show_progress_bar=sys.stderr.isatty(),
        )
        print("\n".join(fit_lines(report)))
        return 0


class Demo:
    """All of it in one go."""

    name = "demo"
    help = (
        "Get all-MiniLM-L6-v2, export it, fit a sentiment head on the review sentences that come with Claxon, and "
        "label unseen ones by the head and by similarity."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare its arguments."""
        parser.add_argument(
            "folder", metavar="FOLDER", nargs="?", default="demo", help="where to put what it makes (default: demo)"
        )
        parser.add_argument("--offline", action="store_true", help="do not ask the model hub")

    def run(self, options: argparse.Namespace) -> int:
        """Run the demo."""
        from claxon_export.demo import run

        run(options.folder, offline=options.offline)
        return 0


EXPORT = Export()
ADD_HEAD = AddHead()
FIT = Fit()
DEMO = Demo()


def _add_feature(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--feature", choices=list(Feature), help="what it reads (default: what the source calls its embedding)"
    )


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


def _names(words: str) -> list[str]:
    return [name.strip() for name in words.split(",")]


def _texts(path: str | None) -> list[str]:
    if path is None:
        return []
    with open_records(path) as records:
        return [row.text for row in records]


def _refuse_label_options(options: argparse.Namespace) -> None:
    if options.template is not None or options.temperature is not None:
        raise OptionError("--template and --temperature go with --labels or --labels-file, not with --estimator")


def _estimator(path: Path, *, is_trusted: bool) -> Any:
    """The estimator in a joblib file.

    Raises:
        OptionError: nobody said that the file may run code.
        HeadError: it cannot be opened as what it claims to be.
    """
    if not is_trusted:
        raise OptionError(
            f"{path} is a pickle, and opening one may run any code that is in it; add --trust-pickle if you made it, "
            "or trust who did"
        )
    joblib = importlib.import_module("joblib")
    try:
        return joblib.load(path)
    except OSError:
        raise
    except Exception as error:  # unpickling runs code of any kind, which may raise anything
        raise HeadError(f"{path} cannot be opened with joblib: {type(error).__name__}: {error}") from error


def _labelled(options: argparse.Namespace) -> list[Row]:
    """All rows of ``DATA``.

    Raises:
        OptionError: it has no column of labels.
    """
    with open_records(options.data, file_format=options.format, text_column=options.text) as records:
        _check_label_column(records, options.label)
        return list(records)


def _check_label_column(records: Records, column: str) -> None:
    if records.format is Format.LINES:
        raise OptionError(f"{records.name} is read as plain lines, which have no labels; add --format csv or jsonl")
    if column not in records.columns:
        raise OptionError(
            f"{records.name} has no column {column!r}; choose one with --label: {', '.join(records.columns)}"
        )


def _label(row: Row, options: argparse.Namespace) -> LabelValue:
    label = row.values.get(options.label)
    if not isinstance(label, str | int | float) or label == "":
        raise InputError(f"{options.data}: line {row.line} has no label; label it, or leave it out")
    return label
