"""``claxon bench``: parses and delegates."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from claxon.bundle.manifest import Precision
from claxon.cli.arguments import positive_int
from claxon.errors import OptionError
from claxon_bench.environments import PEERS_FOLDER
from claxon_bench.workloads import Length

CHECKOUT_RESULTS = Path("benchmarks/results")
PLAIN_RESULTS = Path("claxon-bench")


class Bench:
    """Speed, memory and accuracy of bundles, beside their peers."""

    name = "bench"
    help = (
        "Measure bundles and their peers in the same run, in turn: throughput, latency, cold start, memory, install "
        "size, accuracy. Writes results.json, results.md and plots. Peers run where `make bench-peers` made their "
        "environments and --checkpoint says what they run."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare its arguments."""
        parser.usage = "claxon bench BUNDLE [BUNDLE …] [options]"
        parser.add_argument("bundles", metavar="BUNDLE", nargs="*", type=Path, help="a bundle's folder")
        parser.add_argument(
            "--checkpoint", metavar="FOLDER", action="append", type=Path, default=[],
            help="what the peers run: the checkpoint of the first BUNDLE, and again for the next",
        )  # fmt: skip
        _add_choice(parser)
        _add_measuring(parser)
        _add_sweep(parser)
        _add_output(parser)

    def run(self, options: argparse.Namespace) -> int:
        """Measure and report, or only the one or the other."""
        if options.report_only is not None:
            return _report_only(options)
        if not options.bundles:
            raise OptionError("name a BUNDLE to measure, or --report-only FILE")
        if len(options.checkpoint) > len(options.bundles):
            raise OptionError(f"{len(options.checkpoint)} checkpoints were given for {len(options.bundles)} bundles")
        checkpoints = [*options.checkpoint, *[None] * (len(options.bundles) - len(options.checkpoint))]
        for bundle, checkpoint in zip(options.bundles, checkpoints, strict=True):
            _measure(bundle, checkpoint, options)
        return 0


BENCH = Bench()


def _add_choice(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what runs")
    group.add_argument(
        "--engines", metavar="A,B,…", type=_words,
        help="for instance claxon:fp32,claxon:int8@openvino,st:openvino, or a family such as st (default: all)",
    )  # fmt: skip
    group.add_argument("--workloads", metavar="A,B,…", type=_words, help=f"some of {', '.join(Length)} (default: all)")
    group.add_argument(
        "--texts", metavar="[WORKLOAD=]FILE", action="append", default=[],
        help="draw texts from .csv, .jsonl or plain lines, for one workload or all (default: generated ones)",
    )  # fmt: skip
    group.add_argument("--quick", action="store_true", help="an eighth of the texts, 2 rounds: to see that it works")


def _add_measuring(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how")
    group.add_argument("--rounds", metavar="N", type=positive_int, help="timed rounds (default: 5)")
    group.add_argument(
        "--threads", metavar="N", type=positive_int, help="for every engine (default: what affinity and quota allow)"
    )
    group.add_argument(
        "--memory-texts", metavar="N", type=positive_int,
        help="also run N mixed texts of a file, each engine alone in a new process, for its memory",
    )  # fmt: skip
    group.add_argument(
        "--profile", action="store_true", help="instead: time by operator of Claxon's engines, on every workload"
    )


def _add_sweep(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("devices (instead of the peers)")
    group.add_argument("--device", metavar="A,B,…", type=_words, help="for instance cpu,cuda")
    group.add_argument(
        "--precision", metavar="A,B,…", type=_words, help=f"some of {', '.join(Precision)} (default: the bundle's)"
    )
    group.add_argument("--batch-sizes", metavar="N,N,…", type=_sizes, help="texts a batch (default: 1,2,4,…,256)")


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("results")
    group.add_argument(
        "--out", metavar="DIR", type=Path,
        help=f"results go to DIR/NAME-OF-BUNDLE/KIND-OF-PROCESSOR, such as {CHECKOUT_RESULTS}/minilm/amd-epyc-avx2 "
        f"(default: {CHECKOUT_RESULTS} in a checkout, else {PLAIN_RESULTS})",
    )  # fmt: skip
    group.add_argument("--report-only", metavar="FILE", type=Path, help="tables and plots anew, of a results.json")
    group.add_argument(
        "--peers", metavar="DIR", type=Path, default=PEERS_FOLDER, help=f"their environments (default: {PEERS_FOLDER})"
    )
    group.add_argument("-q", "--quiet", action="store_true", help="do not say what is being run")


def _words(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(",") if word.strip())


def _sizes(value: str) -> tuple[int, ...]:
    return tuple(positive_int(word) for word in _words(value))


def _measure(bundle: Path, checkpoint: Path | None, options: argparse.Namespace) -> None:
    from claxon_bench.bench import Plan, arena_of, run_bench, run_device_sweep
    from claxon_bench.machine import processor_folder, this_machine
    from claxon_bench.operators import run_profile
    from claxon_bench.report import write_report
    from claxon_bench.results import write_results
    from claxon_bench.subject import open_subject

    measured = open_subject(bundle, checkpoint)
    plan = Plan(
        engines=options.engines or (),
        workloads=options.workloads or tuple(Length),
        sources=_sources(options.texts),
        rounds=options.rounds,
        threads=options.threads,
        quick=options.quick,
        memory_texts=options.memory_texts,
        peers=options.peers,
    )
    tell = _quiet if options.quiet else _Teller()
    folder = _out(options) / measured.facts.name / processor_folder(this_machine())
    if options.profile:
        print("\n".join(run_profile(arena_of(measured, plan), plan, folder, tell)))
        return
    if options.device or options.precision or options.batch_sizes:
        results = run_device_sweep(
            measured, plan, options.device or ("cpu",), options.precision or (), options.batch_sizes or (), tell
        )
        folder = folder / "devices"
    else:
        results = run_bench(measured, plan, tell, lambda found: _discard(write_results(found, folder)))
    write_results(results, folder)
    print("\n".join(write_report(results, folder)))


def _report_only(options: argparse.Namespace) -> int:
    from claxon_bench.report import write_report
    from claxon_bench.results import read_results

    results = read_results(options.report_only)
    print("\n".join(write_report(results, options.out or options.report_only.parent)))
    return 0


def _sources(words: Sequence[str]) -> dict[str, str]:
    """Files by workload; a word that begins with no workload's name is a file for all."""
    sources = {}
    for word in words:
        name, equals, path = word.partition("=")
        is_named = bool(equals) and name in list(Length)
        sources[name if is_named else ""] = path if is_named else word
    return sources


def _out(options: argparse.Namespace) -> Path:
    if options.out is not None:
        return Path(options.out)
    return CHECKOUT_RESULTS if (CHECKOUT_RESULTS.parent / "claxon_bench").is_dir() else PLAIN_RESULTS


class _Teller:
    """Says on standard error what is being run, with the time since the start."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __call__(self, words: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._start), 60)
        print(f"{minutes:3}:{seconds:02}  {words}", file=sys.stderr)


def _quiet(_: str) -> None:
    """Say nothing."""


def _discard(_: object) -> None:
    """The value is of no use here."""
