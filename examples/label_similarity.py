"""Label texts by their similarity to label names, and write the labels back as columns of the same table.

python examples/label_similarity.py BUNDLE reviews.csv labelled.csv --text review

Nothing is trained. A text gets the label whose embedding is nearest to its own; `similarity` is their cosine, and
`--cosines` adds a column for every label. `claxon similar` does the same on the command line.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

import claxon

STEPS = ["Very Negative", "Negative", "Neutral", "Positive", "Very Positive"]


def main() -> None:
    """Read, label, write."""
    options = _options()
    table = pd.read_csv(options.input)
    labels = claxon.LabelSet.from_file(options.labels_file) if options.labels_file else options.labels.split(",")

    with claxon.Encoder.load(options.bundle) as encoder:
        classifier = claxon.Classifier.from_labels(encoder, labels)
        cosines = classifier.similarity(table[options.text], show_progress_bar=True)

    nearest = cosines.argmax(axis=1)
    table["predicted_label"] = [classifier.labels[column] for column in nearest]
    table["similarity"] = cosines.max(axis=1)
    if options.cosines:
        table[[f"similarity_{label}" for label in classifier.labels]] = cosines
    table.to_csv(options.out, index=False)
    print(table["predicted_label"].value_counts().to_string())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, help="a bundle with a sentence embedding")
    parser.add_argument("input", type=Path, help=".csv with a header")
    parser.add_argument("out", type=Path, help=".csv with the same columns and the labels")
    parser.add_argument("--text", default="text", help="the texts' column (default: text)")
    parser.add_argument(
        "--labels", default=",".join(STEPS), help="label names, separated by commas (default: five steps)"
    )
    parser.add_argument("--labels-file", type=Path, help="label names with phrasings: .json, .yaml or .txt")
    parser.add_argument("--cosines", action="store_true", help="also write the cosine with every label")
    return parser.parse_args()


if __name__ == "__main__":
    main()
