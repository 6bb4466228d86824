"""``claxon job run``: labels files, shard by shard."""

from __future__ import annotations

import argparse
import sys
from enum import StrEnum
from pathlib import Path

from claxon.bundle.manifest import Feature
from claxon.cli.arguments import add_bundle, add_decoding, add_empty, add_limits, add_run, finite_float, positive_int
from claxon.errors import OptionError
from claxon.formats.lines import InputFormat
from claxon.integrations.ray_executor import RayExecutor
from claxon.jobs.executor import Executor
from claxon.jobs.job import JobResult, run_job
from claxon.jobs.plan import Embedding, OutputFormat
from claxon.jobs.planning import DEFAULT_TEXT_COLUMN, SHARD_ROWS


class EngineKind(StrEnum):
    """Which executor runs the shards."""

    LOCAL = "local"
    RAY = "ray"


class Run:
    """Runs a job."""

    name = "job run"
    help = (
        "Label files of texts, shard by shard, into DIR/parts. Bad rows (not UTF-8, not CSV, not JSON) go to "
        "DIR/rejects with file, row and reason. The same command goes on with a job that was ended; another bundle, "
        "other options or other inputs are refused."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon job run BUNDLE INPUT… --out DIR [options]"
        add_bundle(parser)
        parser.add_argument(
            "inputs",
            metavar="INPUT",
            nargs="+",
            help="files, folders and globs: .parquet, .csv, .tsv, .jsonl, .json; the text ones also .gz and .zst",
        )
        _add_input(parser)
        _add_heads(parser)
        _add_output(parser)
        _add_work(parser)
        _add_engine(parser)

    def run(self, options: argparse.Namespace) -> int:
        """Run the job."""
        result = run_job(
            options.bundle,
            options.inputs,
            options.out,
            text=options.text,
            heads=options.head,
            embed=options.embed,
            feature=options.feature,
            keep=options.keep,
            input_format=options.format,
            encoding=options.encoding,
            quoting=options.quoting,
            empty=options.empty,
            output_format=options.output_format,
            prefix=options.prefix,
            threshold=options.threshold,
            margin=options.margin,
            shard_rows=options.shard_rows,
            device=options.device,
            precision=options.precision,
            max_tokens=options.max_tokens,
            batch_size=options.batch_size,
            max_rejects=options.max_rejects,
            workers=options.workers,
            threads=options.threads,
            expected_digest=options.expected_digest,
            show_progress=not options.quiet,
            executor=_executor(options),
        )
        if not options.quiet:
            print("\n".join(summary(result)), file=sys.stderr)
        return 0


RUN = Run()


def summary(result: JobResult) -> list[str]:
    """What a job came to, for people."""
    lines = [f"claxon: {result.labelled:,} of {result.rows:,} rows labeled, in {result.out / 'parts'}"]
    if result.missing:
        lines.append(f"claxon: {result.missing:,} rows have no text and got no label (--empty says otherwise)")
    if result.rejected:
        lines.append(f"claxon: {result.rejected:,} rows could not be labeled; see {result.out / 'rejects'}")
    if result.truncated:
        lines.append(f"claxon: {result.truncated:,} texts were truncated")
    return lines


def _add_input(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("input")
    group.add_argument(
        "--text", metavar="COLUMN", default=DEFAULT_TEXT_COLUMN, help="the texts' column (default: text)"
    )
    group.add_argument(
        "--format", choices=[str(kind) for kind in InputFormat], help="how INPUT is written (default: by its suffix)"
    )
    add_decoding(group)
    add_empty(group)
    group.add_argument(
        "--max-rejects",
        metavar="N",
        type=natural_number,
        help="stop when more than N rows are bad (default: 1 %% of the rows)",
    )


def _add_heads(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("labels")
    group.add_argument(
        "--head",
        metavar="NAME",
        action="append",
        help="head to use; may be repeated, which gives predicted_label_NAME and score_NAME for each "
        "(default: the only one; none with --embed)",
    )
    group.add_argument("--threshold", metavar="T", type=finite_float, help="no label if its score is below T")
    group.add_argument(
        "--margin",
        metavar="M",
        type=finite_float,
        help="no label if the best score leads the second best by less than M",
    )
    group.add_argument(
        "--embed",
        nargs="?",
        choices=[str(kind) for kind in Embedding],
        const=str(Embedding.FLOAT32),
        help="embeddings, as lists of fixed size of float32 (default) or float16",
    )
    group.add_argument(
        "--feature",
        choices=[str(kind) for kind in Feature],
        help="which vector --embed writes (default: the bundle's embedding)",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="the job's folder; created if it does not exist"
    )
    group.add_argument(
        "--output-format",
        choices=[str(kind) for kind in OutputFormat],
        default=str(OutputFormat.PARQUET),
        help="of the parts",
    )
    kept = group.add_mutually_exclusive_group()
    kept.add_argument(
        "--keep",
        metavar="COLUMN",
        action="append",
        help="input column to keep; may be repeated (default: all)",
    )
    kept.add_argument(
        "--key", metavar="COLUMN", dest="keep", type=lambda word: [word], help="the only input column to keep"
    )
    group.add_argument("--prefix", metavar="WORD", default="", help="prefix for the names of added columns")
    group.add_argument("-q", "--quiet", action="store_true", help="do not show progress or notices")


def _add_work(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("work")
    group.add_argument(
        "--workers",
        metavar="N",
        type=positive_int,
        default=1,
        help="processes (default: 1); --threads then applies to each of them (default: its share of the machine)",
    )
    group.add_argument(
        "--executor",
        "--engine",
        dest="executor",
        choices=list(EngineKind),
        default=EngineKind.LOCAL,
        help="local: processes on this machine (default); ray: actors on a Ray cluster with --threads CPUs each "
        "(default: 1), whose nodes see BUNDLE, INPUT and DIR under the same paths",
    )
    group.add_argument(
        "--address",
        metavar="ADDRESS",
        help="address of the Ray cluster, such as auto (default: RAY_ADDRESS, else Ray is started on this machine)",
    )
    group.add_argument(
        "--shard-rows",
        metavar="N",
        type=positive_int,
        default=SHARD_ROWS,
        help=f"rows per shard, the unit that is repeated after a worker dies (default: {SHARD_ROWS:,})",
    )


def _add_engine(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("engine")
    add_run(group)
    add_limits(group)


def _executor(options: argparse.Namespace) -> Executor | None:
    """Return the executor: Ray if requested, ``None`` for this machine.

    Raises:
        OptionError: an address, and no Ray.
    """
    if options.executor == EngineKind.RAY:
        return RayExecutor(options.workers, options.threads, address=options.address)
    if options.address is not None:
        raise OptionError("--address needs a Ray cluster: add --executor ray")
    return None


def natural_number(word: str) -> int:
    """Parse a non-negative integer."""
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(f"{word!r} is not a non-negative integer")
    return int(word)
