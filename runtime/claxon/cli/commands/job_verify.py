"""``claxon job verify``: checks the result of a job."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from claxon.jobs.verification import Verification, forget_damaged, verify_job

MAX_NAMED = 20


class Verify:
    """Checks the result of a job."""

    name = "job verify"
    help = (
        "Check the job in DIR: every shard is done, every file is unchanged (SHA-256), rows and "
        "rejects add up to the input, and there are no other files. The exit code is 1 if something is wrong."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon job verify DIR [options]"
        parser.add_argument("out", metavar="DIR", type=Path, help="the job's folder")
        parser.add_argument(
            "--redo",
            action="store_true",
            help="remove the markers of damaged shards, so that the next run repeats them",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def run(self, options: argparse.Namespace) -> int:
        """Verify the job and print the problems."""
        verification = verify_job(options.out)
        if options.redo:
            forget_damaged(options.out, verification)
        if options.json:
            values = {**asdict(verification), "out": str(verification.out), "is_whole": verification.is_whole}
            print(json.dumps(values, indent=2, ensure_ascii=False))
        else:
            print("\n".join(report(verification, is_redone=options.redo)))
        return 0 if verification.is_whole else 1


VERIFY = Verify()


def report(verification: Verification, *, is_redone: bool) -> list[str]:
    """Format the verification as lines."""
    counts = f"{verification.labelled:,} rows and {verification.rejected:,} rejects of {verification.rows:,}"
    if verification.is_whole:
        return [f"whole: {counts}, in {verification.shards:,} parts"]
    lines = [f"not whole: {counts}", *(f"  {problem}" for problem in verification.problems[:MAX_NAMED])]
    if len(verification.problems) > MAX_NAMED:
        lines.append(f"  and {len(verification.problems) - MAX_NAMED:,} more")
    if verification.damaged:
        n_damaged = f"{len(verification.damaged):,} damaged shards"
        lines.append(f"the next run does {n_damaged} again" if is_redone else f"add --redo to repeat {n_damaged}")
    return lines
