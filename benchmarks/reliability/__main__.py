"""``python -m reliability [PART …]``: run the campaign's parts in turn, from the repository's root."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

from claxon.errors import ClaxonError
from claxon.formats.writers import open_output
from claxon_bench.errors import BenchmarkError
from reliability.part import Outcome, Settings
from reliability.record import Record, read_records, record_of, write_record
from reliability.table import REPORT_NAME, report, summary

PARTS = (
    "bitflips",
    "truncations",
    "fuzzing",
    "properties",
    "threads",
    "mixed",
    "killed_writers",
    "two_writers",
    "full_disks",
    "jobs",
    "engines",
)
RESULTS = Path(__file__).parents[1] / "results" / "reliability"


def main(words: Sequence[str] | None = None) -> int:
    """Run the parts; each writes its file as it ends. 1 if one failed or could not run."""
    options = _parser().parse_args(words)
    try:
        settings = _settings(options)
        records = [_run(name, settings, options.out) for name in options.parts or PARTS]
    except (ClaxonError, OSError) as error:
        print(f"reliability: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("reliability: interrupted; the parts that ended are written", file=sys.stderr)
        return 130
    print(f"written to {options.out / REPORT_NAME}")
    return 1 if any(record.failures or record.not_run is not None for record in records) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reliability",
        description="Faults by the thousand, the same ones for the same seed; figures go to PART.json and campaign.md.",
    )
    parser.add_argument("parts", metavar="PART", nargs="*", type=_part, help=f"of {', '.join(PARTS)}; all without any")
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="instead of a small one made on the spot")
    parser.add_argument("--scale", type=_scale, default=1.0, metavar="S", help="of the full size (default: 1)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all cases (default: 0)")
    parser.add_argument("--folder", type=Path, default=Path(".campaign"), metavar="DIR", help="scratch; kept")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="DIR", help="for the figures")
    return parser


def _part(word: str) -> str:
    if word not in PARTS:
        raise argparse.ArgumentTypeError(f"{word} is no part, expected any of {', '.join(PARTS)}")
    return word


def _scale(word: str) -> float:
    value = float(word)
    if not 0 < value <= 100:
        raise argparse.ArgumentTypeError(f"{word} is no scale; expected a number above 0, up to 100")
    return value


def _settings(options: argparse.Namespace) -> Settings:
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    bundle = options.bundle
    if bundle is None:
        bundle = _small_bundle(folder / "small", options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    return Settings(bundle.resolve(), folder, options.seed, options.scale, options.out.resolve())


def _small_bundle(folder: Path, seed: int) -> Path:
    try:
        from reliability.small_bundle import write_small_bundle
    except ModuleNotFoundError as error:
        raise BenchmarkError(
            f"a small bundle cannot be made ({error}); "
            "run this from the repository's root after pip install -e '.[dev]', or give --bundle"
        ) from error
    return write_small_bundle(folder, seed)


def _run(name: str, settings: Settings, out: Path) -> Record:
    part = import_module(f"reliability.{name}")
    folder = settings.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    given = replace(settings, folder=folder)
    record = record_of(_outcome(name, part, given), _about(part), given)
    write_record(record, out)
    with open_output(str(out / REPORT_NAME)) as stream:
        stream.write(report(read_records(out, PARTS)).encode(errors="replace"))
    print(summary(record), flush=True)
    return record


def _outcome(name: str, part: ModuleType, settings: Settings) -> Outcome:
    start = time.perf_counter()
    try:
        outcome: Outcome = part.run(settings)
    except Exception as error:  # the other parts are run all the same, and this one failed
        traceback.print_exc()
        return Outcome(name, time.perf_counter() - start, failures=[f"ended with {type(error).__name__}: {error}"])
    return outcome


def _about(part: ModuleType) -> str:
    return (part.__doc__ or "").strip().partition("\n")[0].rstrip(".")


if __name__ == "__main__":
    sys.exit(main())
