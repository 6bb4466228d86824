"""A part's cases -> ``results.json``, case by case: a run that ends early keeps what it measured."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claxon.formats.writers import open_output
from claxon.storage.strict_json import StrictJSONError, parse
from claxon_bench.errors import BenchmarkError
from gpu.setting import Setting

RESULTS_NAME = "results.json"
SCHEMA = 1
# A case's figures that are sentences about what is wrong; an empty list, or none, is right.
WRONG = "wrong"

Figures = dict[str, Any]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure, named for the table, which ``run`` measures."""

    name: str
    run: Callable[[], Figures]


def read_results(folder: Path) -> dict[str, Any]:
    """What is known so far; nothing where there is no file.

    Raises:
        BenchmarkError: the file is not one of ours.
        OSError: it cannot be read.
    """
    path = folder / RESULTS_NAME
    if not path.is_file():
        return {"schema": SCHEMA, "device": None, "parts": {}}
    try:
        raw = parse(path.read_bytes())
    except StrictJSONError as error:
        raise BenchmarkError(f"{path} is no record of a check: {error}; delete it, or give another --out") from None
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA or not isinstance(raw.get("parts"), dict):
        raise BenchmarkError(f"{path} is no record of a check of schema {SCHEMA}; delete it, or give another --out")
    return raw


def write_results(results: dict[str, Any], folder: Path) -> None:
    """Replace the file, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open_output(str(folder / RESULTS_NAME)) as stream:
        stream.write((json.dumps(results, indent=1, ensure_ascii=False) + "\n").encode(errors="replace"))


def run_cases(part: str, cases: Iterable[Case], setting: Setting, out: Path, seconds: float, tell: Tell) -> None:
    """Run the cases that are not known yet, until the budget is spent; each is written as it ends.

    A case that fails is written with its problem, and run again next time.

    Raises:
        BenchmarkError: the results that are there are of another device.
        OSError: they cannot be read or written.
    """
    results = read_results(out)
    if results["device"] not in (None, str(setting.device)):
        raise BenchmarkError(
            f"{out / RESULTS_NAME} holds results on {results['device']}, this is {setting.device}; give another --out"
        )
    results["device"] = str(setting.device)
    known = results["parts"].setdefault(part, {})
    end = time.monotonic() + seconds
    for case in cases:
        if case.name in known and known[case.name]["problem"] is None:
            continue
        if time.monotonic() > end:
            known[case.name] = {"seconds": 0.0, "figures": {}, "problem": f"the budget of {seconds:g} s was spent"}
        else:
            tell(f"{part}: {case.name}")
            known[case.name] = _measured(case)
        write_results(results, out)


def _measured(case: Case) -> dict[str, Any]:
    start = time.monotonic()
    figures: Figures = {}
    problem = None
    try:
        figures = case.run()
    except Exception as error:  # the other cases are run all the same
        traceback.print_exc()
        # The last line: what is before it, in another process's words, names folders of the machine.
        problem = f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[-1]}"[:500]
    return {"seconds": round(time.monotonic() - start, 3), "figures": figures, "problem": problem}


def faults(results: dict[str, Any]) -> list[str]:
    """Everything that did not run or came out wrong, one line each."""
    lines = []
    for part, cases in results["parts"].items():
        for name, case in cases.items():
            sentences = [case["problem"]] if case["problem"] is not None else case["figures"].get(WRONG, [])
            lines += [f"{part}, {name}: {sentence}" for sentence in sentences]
    return lines
