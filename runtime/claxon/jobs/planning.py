"""A request -> a plan: the one that the folder holds, if it is of the same job, else a new one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypedDict

from claxon.bundle.bundle import Bundle
from claxon.engine.planning import plan_run
from claxon.engine.providers import Device
from claxon.engine.selection import AUTO
from claxon.errors import JobError, JobInputError, JobMismatchError, OptionError
from claxon.formats.content import known_encoding
from claxon.formats.csv_records import Quoting
from claxon.formats.lines import InputFormat
from claxon.heads.decision import Abstention
from claxon.jobs.inputs import Source, check_unchanged, find_sources, one_format
from claxon.jobs.labelling import added_fields
from claxon.jobs.plan import SCHEMA, Embedding, JobOptions, OutputFormat, Plan, Shard
from claxon.jobs.sources import parts_schema, schema_text, types_of
from claxon.jobs.survey import Surveyed, survey
from claxon.labelling.labeller import check_limits, chosen_heads
from claxon.storage.atomic import SUFFIX, flush_folder
from claxon.storage.job_folder import LOCK_NAME, PLAN_NAME, WORKERS_LOCK_NAME, write_durably, write_errors
from claxon.support.validation import choice, count
from claxon.text.inputs import OnEmpty
from claxon.version import __version__

DEFAULT_TEXT_COLUMN = "text"
# What is lost when a worker dies: 20 seconds of short texts, of all-MiniLM-L6-v2 in int8 on one core.
SHARD_ROWS = 8192


class JobRequest(TypedDict, total=False):
    """What a job writes; what each option does stands at ``claxon.jobs.run_job``."""

    text: str
    heads: str | Sequence[str] | None
    embed: str | None
    feature: str | None
    keep: Sequence[str] | None
    input_format: str | None
    output_format: str
    prefix: str
    threshold: float | None
    margin: float | None
    shard_rows: int
    device: str
    precision: str
    max_tokens: int | None
    batch_size: int | None
    encoding: str | None
    quoting: str
    empty: str


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What is asked for: a bundle, the files, and the options; nothing was written yet."""

    bundle: Bundle
    sources: tuple[Source, ...]
    options: JobOptions

    @classmethod
    def from_request(
        cls, bundle: Bundle, inputs: Iterable[str | os.PathLike[str]], out: Path, request: JobRequest
    ) -> Self:
        """Find the files, and check the options.

        Args:
            bundle: The bundle.
            inputs: Files, globs and folders.
            out: The job's folder; what lies in it is no input.
            request: The options of ``run_job``.

        Raises:
            JobInputError: a path is not there, or nothing in it is read.
            OptionError: an option's value cannot be met.
        """
        asked = request.get("input_format")
        file_format = None if asked is None else choice("input_format", asked, InputFormat)
        sources = find_sources(inputs, file_format, out)
        return cls(bundle, tuple(sources), job_options(bundle, one_format(sources, file_format), request))


def plan_job(asked: PlanRequest, out: Path, on_file: Callable[[Source], object] = lambda _: None) -> Plan:
    """The plan of the job in ``out``, made and written if there is none yet.

    Args:
        asked: What the job is to do.
        out: The job's folder, which this process has locked.
        on_file: Told of each file that is read for a new plan.

    Raises:
        JobMismatchError: the folder's job has another bundle, other options or other inputs.
        JobInputError: inputs cannot be read.
        OptionError: an option's value cannot be met.
        JobWriteError: the plan cannot be written.
    """
    if (out / PLAN_NAME).exists():
        plan = Plan.load(out)
        check_same_job(plan, asked, out)
        return plan
    plan = new_plan(asked, on_file)
    _begin(plan, out)
    return plan


def job_options(bundle: Bundle, file_format: InputFormat, request: JobRequest) -> JobOptions:
    """The options that a request comes to.

    Raises:
        OptionError: a value cannot be met.
    """
    embed = request.get("embed")
    keep = request.get("keep")
    if keep is not None and (isinstance(keep, str) or not keep or len(set(keep)) < len(keep)):
        raise OptionError(f"keep is {keep!r:.80}, expected a list of different columns, or None for all")
    threshold, margin = request.get("threshold"), request.get("margin")
    heads = chosen_heads(bundle, request.get("heads"), is_embedded=embed is not None)
    check_limits((head for head in bundle.manifest.heads if head.name in heads), Abstention.of(threshold, margin))
    return JobOptions(
        text=request.get("text", DEFAULT_TEXT_COLUMN),
        heads=heads,
        embed=None if embed is None else choice("embed", embed, Embedding),
        feature=request.get("feature"),
        keep=None if keep is None else tuple(keep),
        input_format=file_format,
        output_format=choice("output_format", request.get("output_format", OutputFormat.PARQUET), OutputFormat),
        prefix=request.get("prefix", ""),
        threshold=None if threshold is None else float(threshold),
        margin=None if margin is None else float(margin),
        shard_rows=count("shard_rows", request.get("shard_rows"), none_means="the default") or SHARD_ROWS,
        device=choice("device", request.get("device", Device.AUTO), Device),
        precision=request.get("precision", AUTO),
        max_tokens=request.get("max_tokens"),
        batch_size=count("batch_size", request.get("batch_size"), none_means="the token budget alone"),
        encoding=None if request.get("encoding") is None else known_encoding(str(request.get("encoding"))),
        quoting=choice("quoting", request.get("quoting", Quoting.AUTO), Quoting),
        empty=choice("empty", request.get("empty", OnEmpty.SKIP), OnEmpty),
    )


def new_plan(asked: PlanRequest, on_file: Callable[[Source], object]) -> Plan:
    """Read the inputs once and plan.

    Raises:
        JobInputError, OptionError, DeviceError, MissingDependencyError: as ``plan_job`` and ``Encoder.load``.
    """
    bundle, options = asked.bundle, asked.options
    added = added_fields(bundle.manifest, options)
    precision = plan_run(bundle, options.device, options.precision).plan.variant.precision
    found = survey(
        asked.sources,
        options.input_format,
        options.text,
        options.shard_rows,
        on_file,
        encoding=options.encoding,
        quoting=options.quoting,
    )
    schema = parts_schema(found.schema, options.keep, added)
    return Plan(
        schema=SCHEMA,
        claxon=__version__,
        bundle=str(bundle.path.absolute()),
        bundle_digest=bundle.digest,
        precision=str(precision),
        options=options,
        input_columns=types_of(found.schema),
        output_columns=types_of(schema),
        arrow_schema=schema_text(schema),
        files=tuple(surveyed.file for surveyed in found.files),
        shards=cut_shards(found.files),
    )


def cut_shards(files: Sequence[Surveyed]) -> tuple[Shard, ...]:
    """The shards of all files, numbered in the order of the input."""
    shards: list[Shard] = []
    for place, surveyed in enumerate(files):
        rows = [start.row for start in surveyed.starts] + [surveyed.file.rows]
        for start, end in zip(surveyed.starts, rows[1:], strict=True):
            offset, line = (None, None) if start.place is None else (start.place.offset, start.place.line)
            shards.append(Shard(len(shards), place, start.row, end - start.row, offset, line))
    return tuple(shards)


def check_same_job(plan: Plan, asked: PlanRequest, out: Path) -> None:
    """Raise unless the folder's job is the one that is asked for.

    Raises:
        JobMismatchError: it is another; the message says what differs.
    """
    differences = plan.options.differences(asked.options)
    if plan.bundle_digest != asked.bundle.digest:
        differences.insert(0, f"the bundle was {plan.bundle_digest[:12]}…, is now {asked.bundle.digest[:12]}…")
    were, are = [file.path for file in plan.files], [str(source.path) for source in asked.sources]
    if were != are:
        differences += [f"{path} is new" for path in are if path not in set(were)][:3]
        differences += [f"{path} is missing" for path in were if path not in set(are)][:3]
    else:
        differences += _changed(plan)
    if differences:
        raise JobMismatchError(
            f"{out} holds another job: {'; '.join(differences)}. Choose another folder for --out (out=), "
            "or remove this one to begin again"
        )


def _changed(plan: Plan) -> list[str]:
    problems = []
    for file in plan.files:
        try:
            check_unchanged(file)
        except JobInputError as error:
            problems.append(str(error))
    return problems[:3]


def check_no_other_folder(out: Path) -> None:
    """Raise if a folder that holds no job holds anything but what a job that did not get to its plan leaves.

    Raises:
        JobError: it does; or it is no folder.
    """
    if not out.exists() or (out / PLAN_NAME).exists():
        return
    if not out.is_dir():
        raise JobError(f"{out} is not a folder; choose another place for --out (out=)")
    own = {LOCK_NAME, WORKERS_LOCK_NAME, "parts", "rejects", "done"}
    other = next((path.name for path in out.iterdir() if path.name not in own and SUFFIX not in path.name), None)
    if other is not None:
        raise JobError(f"{out} holds {other} and no job; choose an empty folder, or one that is not there yet")


def _begin(plan: Plan, out: Path) -> None:
    with write_errors(out):
        for folder in plan.folder(out).folders:
            folder.mkdir(exist_ok=True)
    flush_folder(out)
    write_durably(out / PLAN_NAME, plan.to_json())
