"""scikit-learn: ``TextEncoder`` for its pipelines, ``TextClassifier`` for heads that are there."""

from claxon.integrations.sklearn import TextClassifier, TextEncoder, unload

__all__ = ["TextClassifier", "TextEncoder", "unload"]
