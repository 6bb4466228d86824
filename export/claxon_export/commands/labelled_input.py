"""Arguments of commands that read labeled texts."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from claxon.cli.arguments import add_bad_rows, add_decoding, add_empty, add_fields
from claxon.cli.streaming import notice_rows
from claxon.formats.tables import Format
from claxon_export.data.labelled import DEFAULT_LABEL_COLUMN, LabelledTexts, read_labelled

if TYPE_CHECKING:
    from claxon_export.data.multi_labelled import TargetTexts


def add_labelled(parser: argparse.ArgumentParser) -> None:
    """``DATA``, and how to read it."""
    parser.add_argument(
        "data",
        metavar="DATA",
        help="labelled texts: .csv, .tsv, .jsonl, .json, .parquet, .feather or .xlsx; - is standard input",
    )
    group = parser.add_argument_group("labelled texts")
    group.add_argument("--text", metavar="COLUMN", help="the texts' column (default: text)")
    group.add_argument(
        "--label",
        metavar="COLUMN",
        default=DEFAULT_LABEL_COLUMN,
        help="the labels' column (default: label); in CSV all labels are strings",
    )
    tables = [str(choice) for choice in Format if choice is not Format.LINES]
    group.add_argument("--format", choices=tables, help="format of DATA (default: by its suffix)")
    add_decoding(group)
    add_fields(group)
    add_bad_rows(group)
    add_empty(group)
    group.add_argument(
        "--skip-unlabelled", action="store_true", help="leave rows without a label out (default: they are an error)"
    )


def targets_input(options: argparse.Namespace, parsed: Callable[[Any], Any]) -> TargetTexts:
    """The texts that ``add_labelled`` asked for, with several labels each (``several``) or a number (``number``).

    Raises:
        OptionError, InputError, LabelError, OSError: as ``read_labelled``.
    """
    from claxon_export.data.multi_labelled import read_targets

    return read_targets(
        options.data,
        parsed,
        text_column=options.text,
        label_column=options.label,
        file_format=options.format,
        skip_unlabelled=options.skip_unlabelled,
        encoding=options.encoding,
        quoting=options.quoting,
    )


def labelled_input(options: argparse.Namespace) -> LabelledTexts:
    """Read the texts that the arguments of ``add_labelled`` name.

    Raises:
        OptionError, InputError, LabelError, OSError: as ``read_labelled``.
    """
    labelled = read_labelled(
        options.data,
        text_column=options.text,
        label_column=options.label,
        file_format=options.format,
        skip_unlabelled=options.skip_unlabelled,
        encoding=options.encoding,
        quoting=options.quoting,
        delimiter=options.delimiter,
        quote=options.quote,
        empty=options.empty,
        on_bad_rows=options.on_bad_rows,
        rejects=options.rejects,
    )
    notice_rows(len(labelled) + labelled.skipped.count, len(labelled), "used", options)
    return labelled
