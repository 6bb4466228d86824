"""Results -> files for people: ``results.md`` and the plots."""

from __future__ import annotations

from pathlib import Path

from claxon.errors import MissingDependencyError
from claxon.formats.writers import open_output
from claxon_bench.results import Results
from claxon_bench.tables import engine_table, markdown, summary_columns, sweep_tables

REPORT_NAME = "results.md"


def write_report(results: Results, folder: Path) -> list[str]:
    """Write the report; the lines tell what was found and where it was written.

    Without matplotlib there are no plots, and a line says how to get it.

    Raises:
        OSError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / REPORT_NAME
    with open_output(str(path)) as stream:
        stream.write(markdown(results).encode())
    lines = [
        *([engine_table(results.engines, summary_columns(results))] if results.engines else []),
        *sweep_tables(results.sweep),
        "",
        *(f"{engine.name}: {engine.problem}" for engine in results.engines if engine.problem),
        f"written to {path}",
    ]
    try:
        from claxon_bench.plots import write_plots

        plots = write_plots(results, folder)
    except MissingDependencyError as error:
        return [*lines, f"no plots: {error}"]
    return [*lines, *(f"written to {plot}" for plot in plots)]
