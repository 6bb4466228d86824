"""The text-classification pipeline of transformers: on torch, on optimum's ORTModel, on optimum-intel's OVModel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from claxon_bench.engines.serving import Setup

IMPORTS = ("torch", "transformers")
PACKAGES = (
    "transformers", "torch", "optimum", "optimum-onnx", "onnxruntime", "optimum-intel", "openvino", "tokenizers",
    "numpy",
)  # fmt: skip


def load(setup: Setup) -> Pipeline:
    """The checkpoint, or what was exported from it."""
    return Pipeline(setup)


class Pipeline:
    """``pipeline("text-classification")``, which runs its batches in the texts' order."""

    def __init__(self, setup: Setup) -> None:
        import transformers

        folder = setup["prepared"] or setup["model"]
        model = _model(setup, folder)
        library: Any = transformers  # parts of it are typed, parts are not
        tokenizer = library.AutoTokenizer.from_pretrained(folder)
        self._pipeline: Any = library.pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
        self._columns = {str(label): int(i) for i, label in model.config.id2label.items()}
        self._words = {"truncation": True, "max_length": setup["max_tokens"], "top_k": None}
        self._batch_size = setup["batch_size"]
        self.runs = setup["variant"]

    def __call__(self, texts: Sequence[str], batch_size: int | None) -> Any:
        """Probabilities, in the order of the model's labels."""
        found = self._pipeline(list(texts), batch_size=batch_size or self._batch_size, **self._words)
        scores = np.empty((len(texts), len(self._columns)), np.float32)
        for row, labels in enumerate(found):
            for label in labels:
                scores[row, self._columns[label["label"]]] = label["score"]
        return scores


def _model(setup: Setup, folder: str) -> Any:
    if setup["variant"].startswith("torch"):
        return _torch_model(setup, folder)
    if setup["variant"] == "ov":
        from optimum.intel import OVModelForSequenceClassification

        threads = {"INFERENCE_NUM_THREADS": str(setup["threads"])}
        return OVModelForSequenceClassification.from_pretrained(folder, ov_config=threads)
    import onnxruntime
    from optimum.onnxruntime import ORTModelForSequenceClassification

    session = onnxruntime.SessionOptions()
    session.intra_op_num_threads = setup["threads"]
    return ORTModelForSequenceClassification.from_pretrained(
        folder, provider="CPUExecutionProvider", session_options=session
    )


def _torch_model(setup: Setup, folder: str) -> Any:
    import torch
    from transformers import AutoModelForSequenceClassification

    torch.set_num_threads(setup["threads"])
    dtype = torch.bfloat16 if setup["variant"] == "torch-bf16" else torch.float32
    return AutoModelForSequenceClassification.from_pretrained(folder, dtype=dtype).eval()
