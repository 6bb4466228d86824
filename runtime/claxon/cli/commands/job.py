"""``claxon job``: the commands of large jobs."""

from __future__ import annotations

from claxon.cli.command import CommandGroup, Member

JOB = CommandGroup(
    name="job",
    help=(
        "Label files of any size, shard by shard, with several processes. What is done stays done: the same command\n"
        "goes on from there, whatever ended it. Needs pyarrow: pip install 'claxon[jobs]'."
    ),
    members={
        "run": Member("begin a job, or go on with it", "claxon.cli.commands.job_run:RUN"),
        "status": Member("say how far a job is", "claxon.cli.commands.job_status:STATUS"),
        "verify": Member("check that nothing is missing, twice or changed", "claxon.cli.commands.job_verify:VERIFY"),
        "merge": Member(
            "join the parts into one file, in the order of the input", "claxon.cli.commands.job_merge:MERGE"
        ),
    },
)
