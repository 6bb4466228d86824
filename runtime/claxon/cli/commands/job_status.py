"""``claxon job status``: shows the progress of a job."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from claxon.cli.rendering import facts
from claxon.jobs.progress import JobStatus, duration, job_status


class Status:
    """Shows the progress of a job."""

    name = "job status"
    help = "Show the progress of the job in DIR, which may be running."

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon job status DIR [options]"
        parser.add_argument("out", metavar="DIR", type=Path, help="the job's folder")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def run(self, options: argparse.Namespace) -> int:
        """Print the status."""
        status = job_status(options.out)
        if options.json:
            values = {**asdict(status), "out": str(status.out), "is_done": status.is_done}
            print(json.dumps(values, indent=2, ensure_ascii=False))
        else:
            print("\n".join(report(status)))
        return 0


STATUS = Status()


def report(status: JobStatus) -> list[str]:
    """Format the status as lines."""
    share = status.rows_done / status.rows if status.rows else 1.0
    rate = status.rows_done / status.worker_seconds if status.worker_seconds else 0.0
    return facts(
        {
            "state": _state(status),
            "shards": f"{status.shards_done:,} of {status.shards:,} done",
            "rows": f"{status.rows_done:,} of {status.rows:,} in {status.files:,} files ({share:.1%})",
            "labelled": f"{status.labelled:,}",
            "without text": f"{status.missing:,}",
            "rejected": f"{status.rejected:,}",
            "truncated": f"{status.truncated:,}",
            "tokens": f"{status.n_tokens:,}",
            "work": f"{duration(status.worker_seconds)} in all workers, {rate:,.0f} texts/s each",
            "bundle": f"{status.bundle} ({status.bundle_digest[:12]}…)",
        }
    )


def _state(status: JobStatus) -> str:
    if status.is_running:
        return "running"
    return "done" if status.is_done else "not running; the same `claxon job run` command resumes it"
