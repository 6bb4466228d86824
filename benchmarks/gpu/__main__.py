"""``python -m gpu [PART …]``: the check, part by part, each in a process of its own and within its budget."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from claxon.engine.providers import Device
from claxon.errors import ClaxonError
from claxon.formats.writers import open_output
from gpu.found import gpu_facts
from gpu.record import faults, read_results, run_cases
from gpu.setting import BUDGETS, Setting, known_parts
from gpu.tables import REPORT_NAME, markdown

RESULTS = Path(__file__).parents[1] / "results" / "gpu"
# A part looks at its budget between cases; one that is stuck is ended so many seconds later.
GRACE_SECONDS = 20
TOTAL_SECONDS = 475
# A rehearsal looks for errors, not for time, on whatever machine there is.
REHEARSAL_SLACK = 10


def main(words: Sequence[str] | None = None) -> int:
    """Run parts, then report. 1 if something was wrong or did not run."""
    options = _parser().parse_args(words)
    out = options.out or RESULTS / folder_name(options.device)
    try:
        if options.part is not None:
            return _run_part(options.part, options, out)
        if not options.report_only:
            _run_parts(options, out)
        return _report(out)
    except (ClaxonError, OSError) as error:
        print(f"gpu: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("gpu: interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def folder_name(device: str) -> str:
    """The results' folder: the GPU's name, or ``cpu`` for a rehearsal."""
    name = gpu_facts().get("name", "unknown") if device == Device.CUDA else device
    return "-".join(name.lower().split())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gpu",
        description="Claxon on CUDA: is it right, how fast, where does the time go. Needs no network. The same command "
        "goes on where the last one ended; what was measured is not measured again.",
    )
    parser.add_argument(
        "parts", metavar="PART", nargs="*", type=_part, help=f"of {', '.join(BUDGETS)}; all without any"
    )
    parser.add_argument(
        "--device", choices=[str(Device.CUDA), str(Device.CPU)], default=str(Device.CUDA),
        help="cpu: a rehearsal on tiny models of all that needs no GPU (default: cuda)",
    )  # fmt: skip
    parser.add_argument(
        "--checkpoint", metavar="DIR", type=Path, action="append", default=[],
        help="a model to judge beside the two that are made; may be given again",
    )  # fmt: skip
    parser.add_argument("--folder", metavar="DIR", type=Path, default=Path("build/gpu"), help="for models; kept")
    parser.add_argument("--out", metavar="DIR", type=Path, help=f"for results (default: {RESULTS.name}/NAME-OF-GPU)")
    parser.add_argument(
        "--budget", metavar="S", type=float, default=TOTAL_SECONDS, help="seconds (default: %(default)s)"
    )
    parser.add_argument("--report-only", action="store_true", help="tables and plots anew")
    parser.add_argument("--part", choices=list(BUDGETS), help=argparse.SUPPRESS)
    return parser


def _part(word: str) -> str:
    if word not in BUDGETS:
        raise argparse.ArgumentTypeError(f"{word} is no part, expected any of {', '.join(BUDGETS)}")
    return word


def _run_parts(options: argparse.Namespace, out: Path) -> None:
    """Each part in a process: a fault of the driver ends one part, and memory is measured from nothing."""
    slack = REHEARSAL_SLACK if options.device == Device.CPU else 1
    end = time.monotonic() + options.budget * slack
    for part in known_parts(options.parts):
        seconds = min(float(BUDGETS[part] * slack), end - time.monotonic())
        if seconds <= 0:
            print(f"gpu: {part} was left out: the budget of {options.budget:g} s was spent", file=sys.stderr)
            continue
        words = ["--part", part, "--device", options.device, "--folder", str(options.folder), "--out", str(out)]
        words += [word for folder in options.checkpoint for word in ("--checkpoint", str(folder))]
        words += ["--budget", f"{seconds:.0f}"]
        try:
            subprocess.run([sys.executable, "-m", "gpu", *words], check=False, timeout=seconds + GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            print(f"gpu: {part} was ended after {seconds + GRACE_SECONDS:.0f} s", file=sys.stderr)


def _run_part(part: str, options: argparse.Namespace, out: Path) -> int:
    checkpoints = tuple(folder.resolve() for folder in options.checkpoint)
    setting = Setting(Device(options.device), options.folder.resolve(), checkpoints)
    start = time.monotonic()

    def tell(words: str) -> None:
        print(f"{time.monotonic() - start:6.1f} s  {words}", file=sys.stderr, flush=True)

    run_cases(part, import_module(f"gpu.{part}").cases(setting), setting, out, options.budget, tell)
    return 0


def _report(out: Path) -> int:
    results = read_results(out)
    with open_output(str(out / REPORT_NAME)) as stream:
        stream.write(markdown(results).encode())
    print(f"written to {out / REPORT_NAME}")
    try:
        from gpu.plots import write_plots

        for path in write_plots(results, out):
            print(f"written to {path}")
    except ImportError as error:
        print(f"no plots: {error}", file=sys.stderr)
    found = faults(results)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found or not results["parts"] else 0


if __name__ == "__main__":
    sys.exit(main())
