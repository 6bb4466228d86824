"""``claxon bootstrap``: trains a head on pseudo-labels."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from claxon.bundle.manifest import Feature
from claxon.cli.arguments import add_bundle, finite_float, positive_int
from claxon.cli.commands.similar import add_labels, label_set_of
from claxon.errors import InputError, OptionError
from claxon.formats.rows import open_records
from claxon.formats.tables import SUFFIXES, Format, Records, Row, format_of
from claxon.formats.writers import open_output, row_writer
from claxon.heads.decision import shortest
from claxon.heads.label_sets import LabelSet
from claxon_export.data.labelled import in_words
from claxon_export.pseudo_labels.report import BootstrapReport, PseudoLabel, bootstrap_lines
from claxon_export.pseudo_labels.selection import DEFAULT_C, DEFAULT_SHARE

ADDED = ("predicted_label", "score", "margin")


class Bootstrap:
    """Trains a head on pseudo-labels."""

    name = "bootstrap"
    help = (
        "Label texts by similarity to label names, train a LogisticRegression on those with the largest margins, "
        "and add it to the bundle as a head. Nobody checked these labels: the head learns what similarity "
        "gets wrong with confidence. Give --label for rows whose truth is known, to see how many are wrong; or "
        "correct the rows of -o by hand and use `claxon fit`."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon bootstrap BUNDLE TEXTS (--labels A,B,… | --labels-file FILE) --head NAME [options]"
        add_bundle(parser)
        parser.add_argument("texts", metavar="TEXTS", help=".csv, .tsv, .jsonl, or plain lines; - is standard input")
        _add_texts(parser.add_argument_group("texts"))
        add_labels(parser)
        _add_selection(parser.add_argument_group("which texts to train on"))
        _add_head(parser.add_argument_group("head"))
        output = parser.add_argument_group("output")
        output.add_argument(
            "-o",
            "--output",
            metavar="FILE",
            help="also write the training rows, with predicted_label, score and margin",
        )
        output.add_argument("--prefix", metavar="WORD", default="", help="prefix for the names of these columns")
        output.add_argument(
            "--dry-run",
            action="store_true",
            help="choose and count the texts only; train nothing and do not change the bundle",
        )

    def run(self, options: argparse.Namespace) -> int:
        """Choose, train, add, and say how it was evaluated."""
        labels, table = label_set_of(options), _read(options)
        with _open_rows(table, options) as write:
            report = _bootstrap(table, labels, options)
            for pseudo in report.pseudo_labels:
                write(pseudo)
        print("\n".join(bootstrap_lines(report)))
        return 0


BOOTSTRAP = Bootstrap()


@dataclass(frozen=True, slots=True)
class _Table:
    """The input's rows that have a text."""

    records: Records
    rows: Sequence[Row]


def _add_texts(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--text", metavar="COLUMN", help="the texts' column (default: text, or the only one)")
    group.add_argument(
        "--label",
        metavar="COLUMN",
        help="column of the true labels, where known; used for evaluation, not for training",
    )
    group.add_argument(
        "--format", choices=[str(choice) for choice in Format], help="how TEXTS is written (default: by its suffix)"
    )


def _add_selection(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--share",
        metavar="S",
        type=finite_float,
        default=DEFAULT_SHARE,
        help="of the texts nearest to each label, use the share S with the largest margins, at most an equal part of S "
        f"of all texts (default: {DEFAULT_SHARE:g})",
    )
    group.add_argument(
        "--per-label",
        metavar="N",
        type=positive_int,
        help="use the N texts with the largest margins of each label instead",
    )
    group.add_argument(
        "--threshold", metavar="T", type=finite_float, help="use only texts whose best score is at least T"
    )
    group.add_argument(
        "--margin",
        metavar="M",
        type=finite_float,
        help="use only texts whose best score leads the second best by at least M",
    )


def _add_head(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--head", metavar="NAME", required=True, help="the head's name")
    group.add_argument(
        "--feature",
        choices=[str(choice) for choice in Feature],
        help="feature that the head reads (default: the source's sentence embedding)",
    )
    group.add_argument(
        "--C",
        metavar="C",
        type=finite_float,
        default=DEFAULT_C,
        help=f"inverse strength of regularization (default: {DEFAULT_C:g})",
    )
    group.add_argument(
        "--test-size",
        metavar="SHARE",
        type=finite_float,
        default=0.2,
        help="share of the rows with a --label that is held out (default: 0.2)",
    )
    group.add_argument("--seed", metavar="N", type=int, default=0, help="seed for what is held out (default: 0)")
    group.add_argument("--no-cache", action="store_true", help="do not use the feature cache")
    group.add_argument("--force", action="store_true", help="replace a head of that name")
    group.add_argument("-q", "--quiet", action="store_true", help="do not show progress on standard error")


def _read(options: argparse.Namespace) -> _Table:
    """Read the rows; those without text are left out, with one warning.

    Raises:
        OptionError: there is no such column, or the output is no table.
        InputError: there is no row with a text.
    """
    if options.output is not None and format_of(options.output) is Format.LINES:
        raise OptionError(f"--output {options.output} has to end in one of {', '.join(SUFFIXES)}")
    with open_records(options.texts, file_format=options.format, text_column=options.text) as records:
        if options.label is not None and options.label not in records.columns:
            raise OptionError(f"{records.name} has no column {options.label!r}, but {', '.join(records.columns)}")
        rows = list(records)
    blank = [row.line for row in rows if not row.text.strip()]
    if len(blank) == len(rows):
        raise InputError(f"{records.name}: there is no row with a text")
    if blank:
        message = f"{records.name}: of {len(rows):,} rows, {len(blank):,} without text ({in_words('line', blank)})"
        warnings.warn(f"{message} were left out", UserWarning, stacklevel=2)
    return _Table(records, [row for row in rows if row.text.strip()])


def _truth(row: Row, table: _Table, column: str) -> str | int | None:
    """Return a row's true label.

    Raises:
        InputError: it is no label.
    """
    label = row.values.get(column)
    if label is not None and not isinstance(label, str | int):
        raise InputError(f"{table.records.name}: line {row.line} has the label {label!r:.80}, expected text or nothing")
    return label


def _bootstrap(table: _Table, labels: LabelSet, options: argparse.Namespace) -> BootstrapReport:
    from claxon_export import bootstrap

    return bootstrap(
        options.bundle,
        [row.text for row in table.rows],
        labels,
        head=options.head,
        truth=None if options.label is None else [_truth(row, table, options.label) for row in table.rows],
        share=options.share,
        per_label=options.per_label,
        threshold=options.threshold,
        margin=options.margin,
        feature=options.feature,
        C=options.C,
        test_size=options.test_size,
        seed=options.seed,
        cache=not options.no_cache,
        dry_run=options.dry_run,
        force=options.force,
        show_progress_bar=not options.quiet,
    )


@contextmanager
def _open_rows(table: _Table, options: argparse.Namespace) -> Iterator[Callable[[PseudoLabel], None]]:
    """Writes rows as they were read, with their pseudo-labels; nothing where no file is given.

    Raises:
        OptionError: an added column has the name of another.
        OSError: the file cannot be written.
    """
    if options.output is None:
        yield lambda _: None
        return
    names = [f"{options.prefix}{name}" for name in ADDED]
    with open_output(options.output) as stream:
        writer = row_writer(stream, format_of(options.output), table.records, names)
        yield lambda pseudo: writer.write(table.rows[pseudo.row].values, dict(zip(names, _cells(pseudo), strict=True)))


def _cells(pseudo: PseudoLabel) -> list[str | float]:
    return [pseudo.label, shortest(pseudo.score), shortest(pseudo.margin)]
