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
    """Keyword arguments of ``Encoder.load`` and ``Classifier.load``."""

    expected_digest: str | None
    device: str
    precision: str
    threads: int | None
    max_tokens: int | None
    cuda_graphs: bool


def positive_int(word: str) -> int:
    """Parse a positive integer."""
    number = int(word) if word.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is not a positive integer")
    return number


def positive_int_or_all(word: str) -> int | None:
    """Parse a positive integer, or ``all`` as ``None``."""
    if word == "all":
        return None
    try:
        return positive_int(word)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, nor 'all'") from None


def finite_float(word: str) -> float:
    """Parse a finite number."""
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{word!r} is not a number")
    return number


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """Add ``BUNDLE``."""
    parser.add_argument("bundle", metavar="BUNDLE", type=Path, help="the bundle's folder")


def add_input(parser: argparse.ArgumentParser) -> None:
    """Add ``INPUT``, and how to read it."""
    group = parser.add_argument_group("input")
    parser.add_argument(
        "input",
        metavar="INPUT",
        nargs="?",
        help=".csv, .tsv, .jsonl, .json, or .txt for plain lines, also with .gz or .zst; .parquet, .feather, .xlsx; - "
        "is standard input (default)",
    )
    group.add_argument("--texts", metavar="TEXT", nargs="+", help="classify these texts instead of INPUT")
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
    """Add encoding and quoting."""
    group.add_argument(
        "--encoding", metavar="NAME", help="encoding of INPUT (default: by its byte order mark, else utf-8)"
    )
    group.add_argument(
        "--quoting",
        choices=[str(choice) for choice in Quoting],
        default=str(Quoting.AUTO),
        help="how to read quotes in CSV and TSV; auto picks none if only that gives every row the header's columns",
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
    """Add the policy for rows whose text is empty or blank."""
    group.add_argument(
        "--empty",
        choices=[str(choice) for choice in OnEmpty],
        default=str(OnEmpty.SKIP),
        help="a text that is null, empty or blank: skip gives it no label, score or vector (default), error ends the "
        "work, label takes it like any other",
    )


def add_limits(group: argparse._ArgumentGroup) -> None:
    """Add the expected digest, the token limit and the batch size."""
    group.add_argument(
        "--expected-digest",
        metavar="SHA256",
        help="fail unless BUNDLE has this digest, as printed by `claxon inspect`",
    )
    group.add_argument(
        "--max-tokens", metavar="N", type=positive_int, help="truncate texts to N tokens (default: the bundle's limit)"
    )
    group.add_argument(
        "--batch-size", metavar="N", type=positive_int, help="maximum number of texts per batch (default: by tokens)"
    )


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add everything about the engine: device, precision, threads, limits."""
    group = parser.add_argument_group("engine")
    add_run(group)
    add_limits(group)
    group.add_argument(
        "--cuda-graphs",
        action="store_true",
        help="on CUDA, run batches of up to 8 texts and 128 tokens as CUDA graphs",
    )


def add_run(group: argparse._ArgumentGroup) -> None:
    """Add device, precision and threads."""
    group.add_argument(
        "--device",
        choices=[str(choice) for choice in Device],
        default=str(Device.AUTO),
        help="auto uses the result of `claxon tune`, else CUDA if it starts, else the CPU",
    )
    group.add_argument(
        "--precision",
        choices=["auto", *map(str, Precision)],
        default="auto",
        help="a precision that the bundle has; auto uses the result of `claxon tune`, else a rule for this processor",
    )
    group.add_argument(
        "--threads", metavar="N", type=positive_int, help="number of threads (default: as affinity and quota allow)"
    )


def add_errors(parser: argparse.ArgumentParser) -> None:
    """Add the policy for rows that cannot be read."""
    parser.add_argument(
        "--errors",
        choices=[str(choice) for choice in OnError],
        default=str(OnError.RAISE),
        help="a row that cannot be read: raise ends the work, record adds a column error and goes on (default: raise)",
    )


def add_output(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the output options; the group is returned, so that a command can add its own."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "-o", "--output", metavar="FILE", default=STANDARD_STREAM,
        help="output file, written atomically (default: standard output)",
    )  # fmt: skip
    group.add_argument("--prefix", metavar="WORD", default="", help="prefix for the names of added columns")
    group.add_argument("-q", "--quiet", action="store_true", help="do not show progress or notices")
    return group


def add_row_format(group: argparse._ArgumentGroup) -> None:
    """Add the output format."""
    choice = group.add_mutually_exclusive_group()
    choice.add_argument(
        "--output-format",
        choices=OUTPUT_FORMATS,
        help="format of the output (default: by FILE's suffix, else that of INPUT; csv for plain lines)",
    )
    choice.add_argument("--json", action="store_true", help="short for --output-format jsonl")


def engine_options(options: argparse.Namespace) -> EngineOptions:
    """Return the values of ``add_engine`` as keyword arguments."""
    return EngineOptions(
        expected_digest=options.expected_digest,
        device=options.device,
        precision=options.precision,
        threads=options.threads,
        max_tokens=options.max_tokens,
        cuda_graphs=options.cuda_graphs,
    )


def row_format(options: argparse.Namespace, source: Format) -> Format:
    """Return the output format for rows that were read in the format ``source``."""
    if options.json:
        return Format.JSONL
    if options.output_format is not None:
        return Format(options.output_format)
    fallback = Format.JSONL if source is Format.JSON else source if source in OUTPUT_FORMATS else Format.CSV
    named = SUFFIXES.get(Path(options.output).suffix.lower(), fallback)
    return named if named in OUTPUT_FORMATS else fallback


def check_one_input(options: argparse.Namespace) -> None:
    """Raise if both ``INPUT`` and ``--texts`` were given.

    Raises:
        OptionError: both ``INPUT`` and ``--texts``.
    """
    if options.texts is not None and options.input is not None:
        raise OptionError(f"both INPUT ({options.input}) and --texts were given; leave one out")
