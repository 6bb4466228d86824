"""Label a file of texts with Spark.

PYSPARK_PYTHON=$(which python) python examples/spark_dataframe.py BUNDLE reviews.csv labelled --text review

Spark's workers run the Python that PYSPARK_PYTHON names, which must have claxon and pyarrow.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

import claxon.spark


def main() -> None:
    """Read, label, write."""
    options = _options()
    spark = SparkSession.builder.appName("claxon").getOrCreate()
    read: dict[str, Callable[[str], DataFrame]]
    read = {".csv": spark.read.option("header", True).csv, ".jsonl": spark.read.json, ".parquet": spark.read.parquet}
    texts = read[options.input.suffix](str(options.input))
    # `ship` sends the bundle to every node; where all have it under one path, that path does.
    bundle = claxon.spark.ship(spark, options.bundle)
    labelled = claxon.spark.predict(texts, bundle, text=options.text, errors="record")
    labelled.write.mode("overwrite").parquet(str(options.out))
    labels = spark.read.parquet(str(options.out)).groupBy("predicted_label").count()
    for row in sorted(labels.collect(), key=lambda row: -row["count"]):
        print(row["count"], row["predicted_label"])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("input", type=Path, help=".csv, .jsonl or .parquet")
    parser.add_argument("out", type=Path, help="a folder")
    parser.add_argument("--text", default="text", help="the texts' column")
    return parser.parse_args()


if __name__ == "__main__":
    main()
