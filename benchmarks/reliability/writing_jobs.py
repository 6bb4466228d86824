"""What Claxon writes, each as a job that can be killed, be given no disk, or meet another one."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import claxon
import claxon_export
from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature
from claxon.cli.command import Command, run_command
from claxon.cli.commands.embed import EMBED
from claxon.cli.commands.predict import PREDICT
from claxon.storage.cache_folder import VARIABLE
from claxon_export.data.feature_cache import cached_features
from claxon_export.evaluation.report.report import JSON_NAME, PAGE_NAME
from tests.checkpoints import write_checkpoint  # the campaign is run from the repository's root
from tests.texts import REVIEWS

TEXTS, LABELS = list(REVIEWS), list(REVIEWS.values())
BUNDLE, REPORT, TABLE, ARRAY, CACHE = "bundle", "report", "labels.csv", "vectors.npy", "cache"
ROWS = 2000


@dataclass(frozen=True, slots=True)
class Sources:
    """What jobs read; nothing of it is written to.

    Attributes:
        checkpoint: A small one.
        bundle: Made of it, with the head ``sentiment``.
        texts: A CSV file of ``ROWS`` texts.
        report: Of the bundle.
    """

    checkpoint: Path
    bundle: Path
    texts: Path
    report: Path


@dataclass(frozen=True, slots=True)
class Job:
    """Something that writes a target.

    Attributes:
        target: Its name in the place that ``run`` is given.
        run: Writes it, whether it is there or not.
        old: What of the sources is there before; ``None`` for nothing.
        look: Raises unless the target is whole and does its work.
        failing: Whether it fails where it cannot write; what is only kept for the next time does not.
        repeatable: Whether it writes the same bytes each time.
    """

    name: str
    target: str
    run: Callable[[Sources, Path], object]
    old: str | None
    look: Callable[[Path], object]
    failing: bool = True
    repeatable: bool = True


def write_sources(folder: Path, seed: int) -> Sources:
    """Make them, in a new folder."""
    checkpoint = write_checkpoint(folder / "checkpoint", "mpnet", seed=seed)
    bundle, texts, report = folder / BUNDLE, folder / "texts.csv", folder / REPORT
    claxon_export.export(checkpoint, bundle, verify=False)
    claxon_export.fit(bundle, TEXTS, LABELS, head="sentiment", test_size=0, cache=False)
    lines = [f'"{TEXTS[row % len(TEXTS)]} {row}"\n' for row in range(ROWS)]
    texts.write_text("text\n" + "".join(lines), encoding="utf-8")
    found = Sources(checkpoint, bundle, texts, report)
    _report(found, folder, resamples=20)
    return found


def prepare(job: Job, sources: Sources, place: Path) -> None:
    """Put the old target there, where the job has one."""
    place.mkdir(parents=True, exist_ok=True)
    if job.old is None:
        return
    source = getattr(sources, job.old)
    if source.is_dir():
        shutil.copytree(source, place / job.target)
    else:
        shutil.copyfile(source, place / job.target)


def fingerprint(target: Path) -> str | None:
    """A hash of all that is in a file or folder, names and bytes; ``None`` where nothing is."""
    if not target.exists():
        return None
    found = hashlib.sha256()
    for path in sorted([target, *target.rglob("*")] if target.is_dir() else [target]):
        found.update(path.relative_to(target.parent).as_posix().encode() + b"\0")
        if path.is_file():
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _export(sources: Sources, place: Path) -> None:
    # To compare with the source would take ten seconds where torch is installed, and writes nothing.
    claxon_export.export(sources.checkpoint, place / BUNDLE, verify=False, force=True)


def _export_int8(sources: Sources, place: Path) -> None:
    claxon_export.export(
        sources.checkpoint, place / BUNDLE, precision=("fp32", "int8"), calibration=TEXTS * 8, verify=False, force=True
    )


def _fit(_: Sources, place: Path) -> None:
    claxon_export.fit(place / BUNDLE, TEXTS, LABELS, head="mood", test_size=0, cache=False, force=True)


def _report(sources: Sources, place: Path, resamples: int = 30) -> None:
    found = claxon_export.evaluate(sources.bundle, TEXTS, LABELS, resamples=resamples, cache=False)
    claxon_export.write_report(found, place / REPORT, pictures=False, force=True)


def _command(command: Command, *words: str | Path) -> None:
    with contextlib.redirect_stderr(io.StringIO()):
        run_command(command, [str(word) for word in words])


def _predict(sources: Sources, place: Path) -> None:
    _command(PREDICT, sources.bundle, sources.texts, "-o", place / TABLE, "--head", "sentiment")


def _embed(sources: Sources, place: Path) -> None:
    _command(EMBED, sources.bundle, sources.texts, "-o", place / ARRAY)


def _cache(sources: Sources, place: Path) -> None:
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(place / CACHE)
    try:
        with claxon.Encoder.load(sources.bundle) as encoder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells that nothing can be kept
            found = cached_features(encoder, TEXTS, features=["embedding"])[Feature.EMBEDDING]
            np.testing.assert_allclose(found, encoder.encode(TEXTS), atol=1e-5)
    finally:
        os.environ.pop(VARIABLE) if before is None else os.environ.update({VARIABLE: before})


def _look_at_bundle(target: Path) -> None:
    Bundle.open(target).verify()
    if Bundle.open(target).manifest.heads:
        with claxon.load(target, head="sentiment") as classifier:
            classifier.predict(TEXTS[:1])
    with claxon.Encoder.load(target) as encoder:
        encoder.encode(TEXTS[:1])


def _look_at_report(target: Path) -> None:
    if not (target / PAGE_NAME).read_text(encoding="utf-8").rstrip().endswith("</html>"):
        raise ValueError("the page has no end")
    json.loads((target / JSON_NAME).read_text(encoding="utf-8"))


def _look_at_table(target: Path) -> None:
    rows = target.read_text(encoding="utf-8").splitlines()
    if len(rows) != ROWS + 1:
        raise ValueError(f"{len(rows)} lines")


def _look_at_array(target: Path) -> None:
    if len(np.load(target, allow_pickle=False)) != ROWS:
        raise ValueError("rows are missing")


def _look_at_cache(target: Path) -> None:
    """Nothing: it is the next run that looks, and encodes what is not whole."""


JOBS = {
    job.name: job
    for job in (
        Job("export", BUNDLE, _export, None, _look_at_bundle),
        Job("export over a bundle", BUNDLE, _export_int8, "bundle", _look_at_bundle),
        Job("fit", BUNDLE, _fit, "bundle", _look_at_bundle),
        Job("report", REPORT, _report, "report", _look_at_report, repeatable=False),
        Job("predict -o", TABLE, _predict, "texts", _look_at_table),
        Job("embed -o", ARRAY, _embed, None, _look_at_array),
        Job("feature cache", CACHE, _cache, None, _look_at_cache, failing=False, repeatable=False),
    )
}
"""By name."""
