"""Label a file of texts with Ray Data.

python examples/ray_dataset.py BUNDLE reviews.csv labelled --text review --actors 4 --cpus 2
"""

from __future__ import annotations

import argparse
from pathlib import Path

import ray

from claxon.ray import Predictor


def main() -> None:
    """Read, label, write."""
    options = _options()
    read = {".csv": ray.data.read_csv, ".jsonl": ray.data.read_json, ".parquet": ray.data.read_parquet}
    texts = read[options.input.suffix](str(options.input))
    labelled = texts.map_batches(
        Predictor,
        # On a cluster: a path that every node has, or a function that finds the bundle there.
        fn_constructor_kwargs={"bundle": str(options.bundle.absolute()), "text": options.text, "errors": "record"},
        compute=ray.data.ActorPoolStrategy(size=options.actors),
        num_cpus=options.cpus,  # of each actor, and the threads that it labels with
        batch_format="pyarrow",
        batch_size=1024,
    )
    labelled.write_parquet(str(options.out.absolute()))
    print(f"{ray.data.read_parquet(str(options.out.absolute())).count()} rows in {options.out}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("input", type=Path, help=".csv, .jsonl or .parquet")
    parser.add_argument("out", type=Path, help="a folder")
    parser.add_argument("--text", default="text", help="the texts' column")
    parser.add_argument("--actors", type=int, default=1, help="leave processors of the cluster for reading")
    parser.add_argument("--cpus", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
