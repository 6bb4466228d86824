"""``claxon job``: the commands of large jobs."""

from __future__ import annotations

from claxon.cli.command import CommandGroup, Member

JOB = CommandGroup(
    name="job",
    help=(
        "Label files of any size, shard by shard, with several processes. Finished shards are kept: the same command\n"
        "resumes the job, whatever stopped it. Needs pyarrow: pip install 'claxon[jobs]'."
    ),
    members={
        "run": Member("start a job, or resume it", "claxon.cli.commands.job_run:RUN"),
        "status": Member("show a job's progress", "claxon.cli.commands.job_status:STATUS"),
        "verify": Member(
            "check that nothing is missing, duplicated or changed", "claxon.cli.commands.job_verify:VERIFY"
        ),
        "merge": Member("join the parts into one file, in input order", "claxon.cli.commands.job_merge:MERGE"),
    },
)
