"""Train a LogisticRegression on an encoder's features, and draw the features as a map of two dimensions.

python examples/features_and_logistic_regression.py BUNDLE train.csv validation.csv --map map.png

The encoder is not trained: each text becomes one vector, and scikit-learn does the rest. `claxon fit` does the same and
adds the trained head to the bundle.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report
from sklearn.preprocessing import MinMaxScaler

import claxon
import claxon_export

mpl.use("agg")  # draws files; needs no display
from matplotlib import pyplot as plt

MOST_PANELS = 6


def main() -> None:
    """Extract features, train, evaluate, draw."""
    options = _options()
    train = claxon_export.read_labelled(str(options.train), text_column=options.text, label_column=options.label)
    test = claxon_export.read_labelled(str(options.validation), text_column=options.text, label_column=options.label)

    with claxon.Encoder.load(options.bundle) as encoder:
        train_features = encoder.encode(train.texts, feature=options.feature, show_progress_bar=True)
        test_features = encoder.encode(test.texts, feature=options.feature, show_progress_bar=True)
    print(f"features of shape {train_features.shape}, {encoder.precision}")

    baseline = DummyClassifier(strategy="most_frequent").fit(train_features, train.labels)
    classifier = LogisticRegression(max_iter=3000).fit(train_features, train.labels)
    print(f"most frequent label: accuracy {baseline.score(test_features, test.labels):.3f}")
    print(f"LogisticRegression:  accuracy {classifier.score(test_features, test.labels):.3f}")
    print(classification_report(test.labels, classifier.predict(test_features), zero_division=0))

    if options.map is not None:
        draw_map(train_features, np.array(train.labels), options.map)
        print(f"map: {options.map}")


def draw_map(features: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], path: Path) -> None:
    """Draw one panel per label: how densely its texts lie on the map."""
    points = project(features)
    names = [name for name, _ in Counter(labels.tolist()).most_common(MOST_PANELS)]
    figure, axes = plt.subplots(1, len(names), figsize=(3 * len(names), 3), squeeze=False, sharex=True, sharey=True)
    for axis, name in zip(axes[0], names, strict=True):
        inside = labels == name
        axis.hexbin(*points[inside].T, gridsize=20, cmap="Blues", mincnt=1, linewidths=0)
        axis.set_title(f"{name} ({inside.sum():,})")
        axis.set_axis_off()
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def project(features: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Project features to two dimensions with UMAP. Shapes: ``(texts, width)`` to ``(texts, 2)``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # UMAP and its libraries warn about their own internals
        from umap import UMAP  # type: ignore[import-untyped]

        scaled = MinMaxScaler().fit_transform(features)
        neighbors = min(15, len(features) - 1)
        layout = UMAP(n_neighbors=neighbors, metric="cosine", init="random", random_state=0, n_jobs=1)
        return np.asarray(layout.fit_transform(scaled))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("train", type=Path, help="labeled texts: .csv or .jsonl")
    parser.add_argument("validation", type=Path, help="labeled texts that the classifier does not see in training")
    parser.add_argument("--text", default="text", help="the texts' column (default: text)")
    parser.add_argument("--label", default="label", help="the labels' column (default: label)")
    parser.add_argument("--feature", help="cls, mean or embedding (default: the bundle's sentence embedding)")
    parser.add_argument(
        "--map", type=Path, metavar="FILE", help="write the map here, such as map.png (needs umap-learn)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
