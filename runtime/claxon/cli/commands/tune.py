"""``claxon tune``: finds the fastest precision and device on this machine."""

from __future__ import annotations

import argparse
import json
import sys

from claxon.bundle.bundle import Bundle
from claxon.cli.arguments import add_bundle, positive_int
from claxon.cli.rendering import facts, section, table
from claxon.engine.planning import machine
from claxon.engine.session import engine_version
from claxon.engine.tuner import Candidate, tune
from claxon.engine.tuning_store import Rate, Tuning, forget, remember, tuning_path
from claxon.formats.rows import open_records
from claxon.storage.strict_json import encode


class Tune:
    """Finds the fastest precision and device."""

    name = "tune"
    help = (
        "Time every precision and device that BUNDLE and this machine support, a few seconds each, and remember the "
        "fastest. --precision auto and --device auto then use it."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon tune BUNDLE [options]"
        add_bundle(parser)
        parser.add_argument(
            "--texts", metavar="FILE", help="time these texts (.csv, .tsv, .jsonl or lines) instead of generated ones"
        )
        parser.add_argument(
            "--text", metavar="COLUMN", help="the texts' column in FILE (default: text, or the only one)"
        )
        parser.add_argument(
            "--threads", metavar="N", type=positive_int,
            help="number of threads; the result applies to this number only (default: as affinity and quota allow)",
        )  # fmt: skip
        parser.add_argument("--forget", action="store_true", help="time nothing; forget this machine's result")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def run(self, options: argparse.Namespace) -> int:
        """Time the candidates, save and print the result."""
        bundle = Bundle.open(options.bundle)
        if options.forget:
            return _forget(bundle, options)
        tuning = tune(bundle, options.threads, _texts(options), report=_report)
        is_kept = remember(tuning)
        if not is_kept:
            print(f"claxon: {tuning_path(bundle.digest)} cannot be written; set CLAXON_CACHE", file=sys.stderr)
        if options.json:
            print(json.dumps({**encode(tuning), "kept": is_kept}, indent=2))
        else:
            print("\n".join(summary(str(bundle.path), tuning, is_kept=is_kept)))
        return 0


TUNE = Tune()


def summary(path: str, tuning: Tuning, *, is_kept: bool = True) -> list[str]:
    """Format the tuning as lines, the fastest first."""
    head = ["", "short tokens/s", "medium tokens/s", "of the fastest"]
    best = tuning.rates[0]
    rows = [_row(rate, best) for rate in tuning.rates]
    here = tuning.machine
    about = {
        "runs here": f"{best.pair}, {here.threads} thread{'s' * (here.threads > 1)}",
        "holds for": f"{here.processor}, ONNX Runtime {here.onnxruntime}"
        + (f", OpenVINO plugin {here.openvino}" if here.openvino else ""),
        "kept in": str(tuning_path(tuning.digest)) if is_kept else "not saved: the file cannot be written",
    }
    return [*section(path, table([head, *rows])), *facts(about)]


def _row(rate: Rate, best: Rate) -> list[str]:
    rates = [f"{number:,.0f}" for number in (rate.short_tokens_s, rate.medium_tokens_s)]
    return [str(rate.pair), *rates, f"{rate.tokens_s / best.tokens_s:.0%}"]


def _report(candidate: Candidate, outcome: str) -> None:
    print(f"claxon: {candidate.pair}: {outcome}", file=sys.stderr)


def _texts(options: argparse.Namespace) -> list[str] | None:
    if options.texts is None:
        return None
    with open_records(options.texts, text_column=options.text) as records:
        return [row.text for row in records]


def _forget(bundle: Bundle, options: argparse.Namespace) -> int:
    was_there = forget(bundle.digest, machine(options.threads, engine_version()))
    if options.json:
        print(json.dumps({"forgotten": was_there}))
    else:
        print("forgotten" if was_there else "no result of this bundle on this machine was saved")
    return 0
