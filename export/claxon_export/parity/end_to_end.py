"""What the user would have run: ``SentenceTransformer.encode`` or ``pipeline("text-classification")``, as it comes.

Nothing that Claxon read of the checkpoint goes in, apart from options that the user gave to the export.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon_export.checkpoint.checkpoint import Checkpoint, position_table
from claxon_export.errors import CheckpointError
from claxon_export.parity.reference_model import Floats
from claxon_export.requirements import quiet_transformers

ENCODE = "SentenceTransformer.encode"
PIPELINE = 'pipeline("text-classification")'


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """What it gave.

    Attributes:
        name: What was run.
        embeddings: float32 ``(texts, columns)``; None of a classifier.
        probabilities: float32 ``(texts, labels)``, by label id; None of an encoder.
    """

    name: str
    embeddings: Floats | None = None
    probabilities: Floats | None = None


def call_of(checkpoint: Checkpoint) -> str | None:
    """What the user would have run; ``None`` of an encoder that is not sentence-transformers' own."""
    if checkpoint.labels is not None:
        return PIPELINE
    return ENCODE if checkpoint.modules is not None else None


def end_to_end(checkpoint: Checkpoint, texts: Sequence[str]) -> EndToEnd | None:
    """Run the texts, one at a time; ``None`` where the library is not installed or the checkpoint is not of its kind.

    Raises:
        CheckpointError: the library cannot load or run the checkpoint.
    """
    call = call_of(checkpoint)
    module = {ENCODE: "sentence_transformers", PIPELINE: "transformers"}.get(call or "")
    if module is None:
        return None
    try:
        library, transformers = importlib.import_module(module), importlib.import_module("transformers")
        importlib.import_module("torch")
    except (ImportError, OSError):
        return None
    run = _encode if call == ENCODE else _classify
    with quiet_transformers(transformers):
        try:
            return run(library, checkpoint, list(texts))
        except Exception as error:  # the libraries raise what theirs raise; there is no common class
            raise CheckpointError(
                f"{call} of {module} {library.__version__} fails on {checkpoint.folder}: "
                f"{type(error).__name__}: {error}"
            ) from error


def _encode(library: Any, checkpoint: Checkpoint, texts: list[str]) -> EndToEnd:
    model = library.SentenceTransformer(str(checkpoint.folder), device="cpu", local_files_only=True).float()
    limit = _limit(checkpoint, model.max_seq_length)
    if limit is not None:
        model.max_seq_length = limit
    options = {} if checkpoint.chosen_prompt is None else {"prompt_name": checkpoint.chosen_prompt}
    result = model.encode(texts, batch_size=1, show_progress_bar=False, **options)
    return EndToEnd(f"{ENCODE} {library.__version__}", embeddings=np.asarray(result, np.float32))


def _classify(library: Any, checkpoint: Checkpoint, texts: list[str]) -> EndToEnd:
    pipeline = library.pipeline("text-classification", str(checkpoint.folder), device="cpu", trust_remote_code=False)
    pipeline.model.float()
    limit = _limit(checkpoint, pipeline.tokenizer.model_max_length)
    options = {} if limit is None else {"max_length": limit}
    function = checkpoint.config.get("function_to_apply")  # the library reads it from the call alone
    options |= {} if function is None else {"function_to_apply": function}
    results = pipeline(texts, top_k=None, truncation=True, **options)
    ids = {label: number for number, label in pipeline.model.config.id2label.items()}
    scores = np.zeros((len(texts), len(ids)), np.float32)
    for row, result in enumerate(results):
        for entry in result:
            scores[row, int(ids[entry["label"]])] = entry["score"]
    return EndToEnd(f"{PIPELINE} {library.__version__}", probabilities=scores)


def _limit(checkpoint: Checkpoint, own: int | None) -> int | None:
    """The limit to give: the user's, or the position table's where the source would run beyond it and fail."""
    if checkpoint.chosen_max_tokens is not None:
        return checkpoint.chosen_max_tokens
    table = position_table(checkpoint.config)
    return table if table is not None and (own is None or own > table) else None
