"""What ran on which texts, so that an evaluation can be told from another, and made again."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

from claxon.bundle.manifest import LabelValue
from claxon.encoder.encoder import Encoder
from claxon.engine.session import engine_version
from claxon.heads.decision import Abstention
from claxon.version import __version__
from claxon_export.data.labelled import LabelledTexts
from claxon_export.evaluation.head_evaluation import Resampling
from claxon_export.evaluation.results import Conditions, Source
from claxon_export.metrics.results import spelled


def conditions_of(encoder: Encoder, abstention: Abstention, resampling: Resampling) -> Conditions:
    """What ran, and the choices that decide the figures."""
    return Conditions(
        bundle=encoder.bundle.path.name,
        digest=encoder.bundle.digest,
        architecture=encoder.spec.architecture,
        precision=encoder.precision,
        device=str(encoder.device),
        max_tokens=encoder.max_tokens,
        threshold=abstention.threshold if isinstance(abstention.threshold, float) else None,
        margin=abstention.margin,
        resamples=resampling.resamples,
        seed=resampling.seed,
        versions={
            "claxon": __version__,
            "onnxruntime": engine_version(),
            "scikit-learn": version("scikit-learn"),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    )


def source_of(labelled: LabelledTexts, judged: Sequence[LabelValue]) -> Source:
    """The labeled texts, of which those with the labels ``judged`` were evaluated."""
    left_out = {
        "without text": len(labelled.skipped.blank),
        "without a label": len(labelled.skipped.unlabelled),
        "that could not be read": len(labelled.skipped.unread),
        "with a label that a head does not know": len(labelled) - len(judged),
    }
    return Source(
        name=labelled.name,
        sha256=labelled.sha256,
        place=labelled.place,
        texts=len(judged),
        left_out={reason: texts for reason, texts in left_out.items() if texts},
        label_counts=dict(Counter(map(spelled, judged)).most_common()),
    )
