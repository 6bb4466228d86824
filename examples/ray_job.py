"""Label files of texts as a job whose shards a Ray cluster does; run it again to go on where it was ended.

python examples/ray_job.py BUNDLE 'reviews/*.parquet' labelled --text review --address auto --workers 64

The same as `claxon job run BUNDLE 'reviews/*.parquet' --text review --out labelled --executor ray --address auto …`.
"""

from __future__ import annotations

import argparse

from claxon.jobs import run_job, verify_job
from claxon.ray import RayExecutor


def main() -> None:
    """Run the job, and look at what it wrote."""
    options = _options()
    # Every node sees the bundle, the inputs and the job's folder under the paths that are given here.
    executor = RayExecutor(options.workers, options.threads, address=options.address)
    result = run_job(
        options.bundle, options.input, options.out, text=options.text, executor=executor, show_progress=True
    )
    problems = verify_job(options.out).problems
    print(f"{result.labelled} of {result.rows} rows are labelled, {result.skipped} of {result.shards} shards before")
    print("\n".join(problems) or "nothing is missing, nothing is there twice")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle")
    parser.add_argument("input", nargs="+", help="files, folders and globs: Parquet, CSV, JSON lines")
    parser.add_argument("out", help="the job's folder")
    parser.add_argument("--text", default="text", help="the texts' column")
    parser.add_argument("--workers", type=int, default=2, help="actors")
    parser.add_argument("--threads", type=int, default=1, help="processors of each actor")
    parser.add_argument("--address", help="of the cluster; without one Ray is started on this machine")
    return parser.parse_args()


if __name__ == "__main__":
    main()
