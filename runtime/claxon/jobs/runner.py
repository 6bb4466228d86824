"""A file of a plan -> what reads its shards."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from claxon.bundle.bundle import Bundle
from claxon.errors import JobInputError
from claxon.formats.arrow import arrow
from claxon.formats.lines import InputFormat
from claxon.jobs.inputs import Stamp, check_unchanged, stamp
from claxon.jobs.labelling import Labeller
from claxon.jobs.parquet_source import ParquetSource
from claxon.jobs.parts import Marker, Written, part_writer, write_marker
from claxon.jobs.plan import Plan, Shard
from claxon.jobs.sources import (
    PartitionedSource,
    Reject,
    RowSource,
    TextSource,
    Window,
    kept_schema,
    output_schema,
)
from claxon.storage.job_folder import new_file, write_errors
from claxon.text.inputs import OnEmpty, is_missing


def open_source(plan: Plan, file: int) -> RowSource:
    """Open a file of the plan.

    Raises:
        JobInputError: it cannot be read.
    """
    entry, options, kept = plan.files[file], plan.options, kept_schema(plan)
    own = arrow().schema([field for field in kept if field.name not in entry.partitions])
    source: RowSource
    if options.input_format is InputFormat.PARQUET:
        source = ParquetSource(entry, options.text, own)
    else:
        source = TextSource(entry, options.input_format, options.text, own)
    return source if len(own) == len(kept) else PartitionedSource(source, entry.partitions, kept)


@dataclass(frozen=True, slots=True)
class WindowDone:
    """Some rows of a shard are labelled; ``n_tokens`` are those of their texts."""

    rows: int
    n_tokens: int


@dataclass(slots=True)
class _Found:
    """What a shard came to so far."""

    rows: int = 0
    missing: int = 0
    truncated: int = 0
    n_tokens: int = 0
    rejects: list[Reject] = field(default_factory=list)


class ShardRunner:
    """Does the shards of a plan, one after the other, with one encoder. Not to be shared between threads.

    >>> with ShardRunner(Plan.load(out), out, threads=1) as runner:
    ...     for shard in pending(runner.plan, out):
    ...         runner.run(shard)
    """

    def __init__(self, plan: Plan, out: Path, *, threads: int | None = None, bundle: str | Path | None = None) -> None:
        """Load the bundle.

        Args:
            plan: What to do.
            out: The job's folder, as this process finds it.
            threads: As for ``Encoder.load``.
            bundle: Where this process finds the bundle; ``None`` where it was planned.

        Raises:
            BundleError: it is not the bundle that the plan was made with.
            OptionError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load``.
        """
        self.plan = plan
        self.out = out
        self._folder = plan.folder(out)
        self._schema = output_schema(plan)
        opened = Bundle.open(plan.bundle if bundle is None else bundle, expected_digest=plan.bundle_digest)
        self._labeller = Labeller(opened, plan.options, plan.precision, threads)
        self._source: RowSource | None = None
        self._file = -1
        self._accepted: dict[int, Stamp] = {}

    def run(self, shard: Shard, on_window: Callable[[WindowDone], object] | None = None) -> Marker:
        """Read, label and write a shard; afterwards it is done, whatever happens to this process.

        Args:
            shard: One of the plan's.
            on_window: Told of each window that is labelled.

        Raises:
            JobInputError: its file was changed or is damaged.
            JobWriteError: the folder cannot be written to; nothing of the shard is left.
            EngineError: ONNX Runtime failed.
        """
        began, found = time.perf_counter(), _Found()
        part = self._write_part(shard, found, on_window)
        rejects = self._write_rejects(shard, found.rejects)
        marker = Marker(
            shard=shard,
            input_sha256=self.plan.files[shard.file].sha256,
            bundle_digest=self.plan.bundle_digest,
            options_digest=self.plan.options.digest,
            part=part,
            rejects=rejects,
            rows=found.rows,
            rejected=len(found.rejects),
            truncated=found.truncated,
            n_tokens=found.n_tokens,
            seconds=round(time.perf_counter() - began, 6),
            missing=found.missing,
        )
        write_marker(self.plan, self.out, marker)
        return marker

    def close(self) -> None:
        """Close the input, and give the encoder's memory back."""
        self._close_source()
        self._labeller.close()

    def __enter__(self) -> Self:
        """The runner itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _write_part(self, shard: Shard, found: _Found, on_window: Callable[[WindowDone], object] | None) -> Written:
        path = self._folder.part(shard.number)
        with new_file(path) as stream:
            with part_writer(stream, self._schema, self.plan.options.output_format) as writer:
                for window in self._windows(shard):
                    before = found.n_tokens
                    writer.write(self._labelled(window, found))
                    if on_window is not None:
                        on_window(WindowDone(len(window.texts) + len(window.rejects), found.n_tokens - before))
            return Written(stream.size_bytes, stream.sha256)

    def _labelled(self, window: Window, found: _Found) -> Any:
        """The window's rows with the columns that are added, a record batch."""
        self._check_missing(window)
        labelled = self._labeller.label(window.texts)
        window = window.without(labelled.failed)
        found.rows += len(window.texts)
        found.missing += labelled.missing
        found.truncated += labelled.truncated
        found.n_tokens += labelled.n_tokens
        found.rejects += window.rejects
        return arrow().RecordBatch.from_arrays([*window.kept.columns, *labelled.arrays], schema=self._schema)

    def _check_missing(self, window: Window) -> None:
        """Raise ``JobInputError`` where a row without a text is an error."""
        if self.plan.options.empty is not OnEmpty.ERROR:
            return
        place = next((place for place, text in enumerate(window.texts) if is_missing(text)), None)
        if place is not None:
            where = f"row {window.rows[place]}" if window.lines is None else f"line {window.lines[place]}"
            name = self.plan.files[self._file].path
            raise JobInputError(
                f"{name}: {where} has no text; fill it in, or begin a new job with --empty skip (empty=)"
            )

    def _write_rejects(self, shard: Shard, rejects: list[Reject]) -> Written | None:
        path = self._folder.rejected(shard.number)
        if not rejects:
            with write_errors(path):
                path.unlink(missing_ok=True)  # of an attempt that did not get to its marker
            return None
        with new_file(path) as stream:
            stream.write(b"".join(map(self._reject_lines(shard), rejects)))
            return Written(stream.size_bytes, stream.sha256)

    def _reject_lines(self, shard: Shard) -> Callable[[Reject], bytes]:
        name = self.plan.files[shard.file].path

        def line(reject: Reject) -> bytes:
            place = {"row": reject.row} if reject.line is None else {"row": reject.row, "line": reject.line}
            values = {"file": name, **place, "reason": reject.reason}
            return json.dumps(values, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"

        return line

    def _windows(self, shard: Shard) -> Iterator[Window]:
        """The shard's windows; its file is the one of the plan before the first and after the last."""
        self._check_file(shard.file)
        if self._source is None or self._file != shard.file:
            self._close_source()
            self._source, self._file = open_source(self.plan, shard.file), shard.file
        try:
            yield from self._source.windows(shard)
        except JobInputError:
            self._close_source()  # what follows the damage may be whole, and is found by opening the file anew
            raise
        self._check_file(shard.file)

    def _check_file(self, number: int) -> None:
        file = self.plan.files[number]
        seen = stamp(Path(file.path))
        if seen != self._accepted.get(number):
            check_unchanged(file)
            self._accepted[number] = seen

    def _close_source(self) -> None:
        if self._source is not None:
            self._source.close()
        self._source = None
