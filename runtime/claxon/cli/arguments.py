"""Arguments that several commands share, and the types of their values."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TypedDict

from claxon.bundle.manifest import Precision
from claxon.engine.providers import Device
from claxon.errors import OptionError
from claxon.formats.csv_records import Quoting
from claxon.formats.tables import STANDARD_STREAM, SUFFIXES, Format, OnBadRow
from claxon.text.inputs import OnEmpty, OnError

OUTPUT_FORMATS = [str(Format.CSV), str(Format.TSV), str(Format.JSONL)]


class EngineOptions(TypedDict):
    """What ``Encoder.load`` and ``Classifier.load`` take."""

    expected_digest: str | None
    device: str
    precision: str
    threads: int | None
    max_tokens: int | None
    cuda_graphs: bool


def positive_int(word: str) -> int:
    """A whole number from 1 up."""
    number = int(word) if word.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is not a whole number from 1 up")
    return number


def positive_int_or_all(word: str) -> int | None:
    """A whole number from 1 up, or ``None`` for ``all``."""
    if word == "all":
        return None
    try:
        return positive_int(word)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, nor 'all'") from None


def finite_float(word: str) -> float:
    """A number that is neither infinite nor NaN."""
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{word!r} is not a number")
    return number


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """``BUNDLE``."""
    parser.add_argument("bundle", metavar="BUNDLE", type=Path, help="the bundle's folder")


def add_input(parser: argparse.ArgumentParser) -> None:
    """``INPUT``, and how to read it."""
    group = parser.add_argument_group("input")
    parser.add_argument(
        "input",
        metavar="INPUT",
        nargs="?",
        help=".csv, .tsv, .jsonl, .json, or .txt for plain lines, also with .gz or .zst; .parquet, .feather, .xlsx; - "
        "is standard input (default)",
    )
    group.add_argument("--texts", metavar="TEXT", nargs="+", help="these texts, instead of INPUT")
    group.add_argument("--text", metavar="COLUMN", help="the texts' column (default: text, or the only one)")
    group.add_argument(
        "--format",
        choices=[str(choice) for choice in Format],
        help="how INPUT is written (default: by its first bytes and its suffix; standard input: lines, or JSON)",
    )
    add_decoding(group)
    add_fields(group)
    add_bad_rows(group)


def add_decoding(group: argparse._ArgumentGroup) -> None:
    """What the bytes and the quotes of a file mean."""
    group.add_argument(
        "--encoding", metavar="NAME", help="encoding of INPUT (default: by its byte order mark, else utf-8)"
    )
    group.add_argument(
        "--quoting",
        choices=[str(choice) for choice in Quoting],
        default=str(Quoting.AUTO),
        help="what quotes mean in CSV and TSV: auto takes none where only that gives every row the header's columns",
    )


def add_fields(group: argparse._ArgumentGroup) -> None:
    """What stands between and around the fields of CSV."""
    group.add_argument(
        "--delimiter",
        metavar="C",
        help="between fields of CSV, or tab (default: comma, semicolon or tab, by the header)",
    )
    group.add_argument("--quote", metavar="C", help='around fields of CSV (default: ")')


def add_bad_rows(group: argparse._ArgumentGroup) -> None:
    """What to do with rows that are not whole."""
    group.add_argument(
        "--on-bad-rows",
        choices=[str(choice) for choice in OnBadRow],
        default=str(OnBadRow.ERROR),
        help="a row that cannot be read, such as one of CSV with too few fields: error ends the work, or with --errors "
        "record fills the column error (default); skip leaves the row out; record leaves it out and writes it to "
        "--rejects",
    )
    group.add_argument(
        "--rejects", metavar="FILE", help="JSON lines of rows left out: line and reason (default: OUTPUT.rejects.jsonl)"
    )


def add_empty(group: argparse._ArgumentGroup) -> None:
    """What to do with rows whose text is empty or blank."""
    group.add_argument(
        "--empty",
        choices=[str(choice) for choice in OnEmpty],
        default=str(OnEmpty.SKIP),
        help="a text that is null, empty or blank: skip gives it no label, score or vector (default), error ends the "
        "work, label takes it like any other",
    )


def add_limits(group: argparse._ArgumentGroup) -> None:
    """Which bundle it must be, and how much is run at once."""
    group.add_argument(
        "--expected-digest",
        metavar="SHA256",
        help="refuse BUNDLE unless its digest, as `claxon inspect` prints it, is this",
    )
    group.add_argument(
        "--max-tokens", metavar="N", type=positive_int, help="cut texts at N tokens (default: the bundle's limit)"
    )
    group.add_argument(
        "--batch-size", metavar="N", type=positive_int, help="texts a batch at most (default: by their tokens)"
    )


def add_engine(parser: argparse.ArgumentParser) -> None:
    """What to run on, and how."""
    group = parser.add_argument_group("engine")
    add_run(group)
    add_limits(group)
    group.add_argument(
        "--cuda-graphs",
        action="store_true",
        help="on CUDA, run batches of up to 8 texts and 128 tokens as CUDA graphs (not tried on a GPU yet)",
    )


def add_run(group: argparse._ArgumentGroup) -> None:
    """Which graph runs, and where."""
    group.add_argument(
        "--device",
        choices=[str(choice) for choice in Device],
        default=str(Device.AUTO),
        help="auto takes what `claxon tune` found, else CUDA, else the CPU",
    )
    group.add_argument(
        "--precision",
        choices=["auto", *map(str, Precision)],
        default="auto",
        help="one that the bundle holds; auto takes what `claxon tune` found, else a rule by processor",
    )
    group.add_argument(
        "--threads", metavar="N", type=positive_int, help="threads (default: what affinity and quota allow)"
    )


def add_errors(parser: argparse.ArgumentParser) -> None:
    """What to do with rows that cannot be read."""
    parser.add_argument(
        "--errors",
        choices=[str(choice) for choice in OnError],
        default=str(OnError.RAISE),
        help="a row that cannot be read: raise ends the work, record adds a column error and goes on (default: raise)",
    )


def add_output(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Where the rows go, and how they are written; the group is returned for the command's own."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "-o", "--output", metavar="FILE", default=STANDARD_STREAM,
        help="written whole or not at all (default: standard output)",
    )  # fmt: skip
    group.add_argument("--prefix", metavar="WORD", default="", help="put before the names of added columns")
    group.add_argument("-q", "--quiet", action="store_true", help="no progress bar, no notices")
    return group


def add_row_format(group: argparse._ArgumentGroup) -> None:
    """CSV, TSV or JSON lines."""
    choice = group.add_mutually_exclusive_group()
    choice.add_argument(
        "--output-format",
        choices=OUTPUT_FORMATS,
        help="default: by FILE's suffix, else as INPUT, and csv for plain lines",
    )
    choice.add_argument("--json", action="store_true", help="short for --output-format jsonl")


def engine_options(options: argparse.Namespace) -> EngineOptions:
    """The values of ``add_engine`` as keyword arguments."""
    return EngineOptions(
        expected_digest=options.expected_digest,
        device=options.device,
        precision=options.precision,
        threads=options.threads,
        max_tokens=options.max_tokens,
        cuda_graphs=options.cuda_graphs,
    )


def row_format(options: argparse.Namespace, source: Format) -> Format:
    """The format to write rows in, where they were read in ``source``."""
    if options.json:
        return Format.JSONL
    if options.output_format is not None:
        return Format(options.output_format)
    fallback = Format.JSONL if source is Format.JSON else source if source in OUTPUT_FORMATS else Format.CSV
    named = SUFFIXES.get(Path(options.output).suffix.lower(), fallback)
    return named if named in OUTPUT_FORMATS else fallback


def check_one_input(options: argparse.Namespace) -> None:
    """Raise if texts were given in two ways.

    Raises:
        OptionError: both ``INPUT`` and ``--texts``.
    """
    if options.texts is not None and options.input is not None:
        raise OptionError(f"both INPUT ({options.input}) and --texts were given; leave one out")
