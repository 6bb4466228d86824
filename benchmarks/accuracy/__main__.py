"""``python -m accuracy --data DIR --distilbert BUNDLE --mpnet BUNDLE``: run the published experiments again."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

from accuracy.experiments import EXPERIMENTS, HEADS, Experiment, Model, Trained
from accuracy.padding import padding_found
from accuracy.running import Row, Workplace, run
from accuracy.table import pooled, report
from claxon.errors import ClaxonError
from claxon.formats.writers import open_output
from claxon.storage.strict_json import encode

DEFAULT_OUT = Path(__file__).parents[1] / "results" / "accuracy"


def main(words: Sequence[str] | None = None) -> int:
    """Run what the bundles that are given allow, and write results.json and results.md."""
    options = _parser().parse_args(words)
    given = {Model.DISTILBERT: options.distilbert, Model.MPNET: options.mpnet}
    experiments = [found for found in EXPERIMENTS if given[found.model] and _is_wanted(found, options.only)]
    if not experiments:
        print("nothing to run: give --distilbert BUNDLE, --mpnet BUNDLE, or another --only", file=sys.stderr)
        return 2
    warnings.simplefilter("ignore", UserWarning)  # of texts beyond the limit, which every run of these tables has
    try:
        with tempfile.TemporaryDirectory(prefix="claxon-accuracy-") as folder:
            work = Path(folder)
            bundles = {model: _copied(path, work / model) for model, path in given.items() if path}
            place = Workplace(options.data, bundles, options.seed)
            rows = [row for found in experiments for row in run(found, place, _tell)]
            padding = padding_found(options.checkpoint, place, work) if options.checkpoint else None
    except (ClaxonError, OSError) as error:
        print(f"accuracy: {error}", file=sys.stderr)
        return 1
    together = pooled([row for row in rows if row.experiment in POOLED])
    content = {"rows": encode(rows), "pooled": encode(together), "padding": encode(padding)}
    _write(options.out / "results.json", json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    _write(options.out / "results.md", report(rows, together, padding))
    print(f"written to {options.out / 'results.md'}")
    return 0


# The fitted MPNet heads, one a table: what speed costs is told over all of them.
POOLED = {found.name for found in HEADS if isinstance(found, Trained) and found.model is Model.MPNET}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m accuracy",
        description="Run the published experiments again, on folders of labelled texts: amazon_reviews, amazon_stars, "
        "emotion and sst2, each with train.csv and validation.csv of the columns text and label.",
    )
    data = os.environ.get("CLAXON_DATA")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", default=data, required=data is None, help="the folders (or CLAXON_DATA)"
    )
    parser.add_argument(
        "--distilbert", type=Path, metavar="BUNDLE", help="of a DistilBERT with its classifier for SST-2"
    )
    parser.add_argument("--mpnet", type=Path, metavar="BUNDLE", help="of all-mpnet-base-v2")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="DIR",
        help="the DistilBERT's checkpoint: what does padding in a mean change?",
    )
    parser.add_argument("--only", metavar="WORDS", help="only experiments with these words in their names")
    parser.add_argument("--seed", type=int, default=0, help="of draws and intervals (default: 0)")
    parser.add_argument("--out", type=Path, metavar="DIR", default=DEFAULT_OUT, help="for results.json and results.md")
    return parser


def _is_wanted(experiment: Experiment, words: str | None) -> bool:
    return words is None or words.lower() in experiment.name.lower()


def _copied(bundle: Path, copy: Path) -> Path:
    """Heads are added to a copy: the bundle that was given stays as it is."""
    return Path(shutil.copytree(bundle, copy))


def _tell(row: Row) -> None:
    print(f"{row.experiment}, {row.precision}: {row.accuracy.value:.4f}", file=sys.stderr)


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_output(str(path)) as stream:
        stream.write(content.encode())


if __name__ == "__main__":
    sys.exit(main())
