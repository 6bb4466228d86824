"""``python -m scaling``: simulate, write the tables and the plot, and renew them in docs/scaling.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib

from claxon.cli.arguments import finite_float
from claxon.errors import ClaxonError
from claxon.formats.writers import open_output
from claxon_bench import figure_style
from claxon_bench.errors import BenchmarkError
from scaling.page import section, with_section
from scaling.plot import plan_plot
from scaling.scenarios import TEXTS, by_mishap, by_shard_size, by_workers, found
from scaling.times import ShardTimes

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "scaling"
PAGE = ROOT / "docs" / "scaling.md"
TIMES_NAME, REPORT_NAME, PLOT_NAME = "shard_times.json", "scaling.md", "plan"
# An example, to have numbers to look at; nobody's price.
PRICE = 0.04


def main(words: Sequence[str] | None = None) -> int:
    """Simulate from the measured times; 1 if they cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m scaling", description=__doc__)
    parser.add_argument("--results", metavar="DIR", type=Path, default=RESULTS, help="with shard_times.json in it")
    parser.add_argument("--page", metavar="FILE", type=Path, default=PAGE)
    parser.add_argument("--price", metavar="P", type=finite_float, default=PRICE, help="of a processor for an hour")
    parser.add_argument("--texts", metavar="N", type=int, default=TEXTS)
    options = parser.parse_args(words)
    try:
        _write(options.results, options.page, options.price, options.texts)
    except (BenchmarkError, ClaxonError, OSError) as error:
        print(f"scaling: {error}", file=sys.stderr)
        return 1
    return 0


def _write(results: Path, page: Path, price: float, texts: int) -> None:
    times = ShardTimes.read(results / TIMES_NAME)
    groups = [[found(scenario) for scenario in make(times, texts)] for make in (by_workers, by_mishap, by_shard_size)]
    tables = section(times, price, groups)
    renewed = with_section(page.read_text(encoding="utf-8"), tables)
    for path, content in ((results / REPORT_NAME, tables), (page, renewed)):
        with open_output(str(path)) as stream:
            stream.write(content.encode())
    with matplotlib.rc_context(figure_style.STYLE):
        figure_style.save(plan_plot(times, groups[0], groups[2]), results / PLOT_NAME)
    print(tables)


if __name__ == "__main__":
    sys.exit(main())
