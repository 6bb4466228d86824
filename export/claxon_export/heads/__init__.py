"""Heads as ONNX graphs: ``features`` float32 ``(texts, width)`` in, ``scores`` float32 ``(texts, labels)``
out.

Three ways to one: a scikit-learn estimator, the checkpoint's own classifier, label names with embeddings.
"""

from __future__ import annotations

from claxon_export.heads.estimator import estimator_head
from claxon_export.heads.head_graph import HeadGraph
from claxon_export.heads.pretrained import pretrained_head
from claxon_export.heads.similarity import similarity_head

__all__ = ["HeadGraph", "estimator_head", "pretrained_head", "similarity_head"]
