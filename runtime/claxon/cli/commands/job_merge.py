"""``claxon job merge``: joins the parts into one file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from claxon.jobs.verification import merge_job


class Merge:
    """Joins the parts of a job."""

    name = "job merge"
    help = "Verify the parts of the job in DIR and join them into one file, in input order."

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon job merge DIR -o FILE [options]"
        parser.add_argument("out", metavar="DIR", type=Path, help="the job's folder")
        parser.add_argument(
            "-o", "--output", metavar="FILE", type=Path, required=True,
            help="output file in the format of the parts, .parquet or .jsonl; written atomically",
        )  # fmt: skip
        parser.add_argument("-q", "--quiet", action="store_true", help="no notice")

    def run(self, options: argparse.Namespace) -> int:
        """Merge the parts."""
        rows = merge_job(options.out, options.output)
        if not options.quiet:
            print(f"claxon: {rows:,} rows in {options.output}", file=sys.stderr)
        return 0


MERGE = Merge()
