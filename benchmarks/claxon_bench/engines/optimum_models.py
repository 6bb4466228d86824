"""optimum's ORTModel and optimum-intel's OVModel, in the loop that their users write: batches, tokenizer, pooling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from claxon_bench.engines.serving import Setup

IMPORTS = ("torch", "transformers", "optimum")
PACKAGES = (
    "optimum", "optimum-onnx", "onnxruntime", "optimum-intel", "openvino", "transformers", "torch", "tokenizers",
    "numpy",
)  # fmt: skip


def prepare(setup: Setup) -> None:
    """Export the checkpoint, and put its tokenizer beside the graph."""
    import transformers

    target = str(setup["prepared"])
    _model_class(setup).from_pretrained(setup["model"], export=True).save_pretrained(target)
    library: Any = transformers  # parts of it are typed, parts are not
    library.AutoTokenizer.from_pretrained(setup["model"]).save_pretrained(target)


def load(setup: Setup) -> OptimumModel:
    """What was exported from the checkpoint."""
    return OptimumModel(setup)


class OptimumModel:
    """Batches in the texts' order, as a plain loop makes them."""

    def __init__(self, setup: Setup) -> None:
        import transformers

        prepared = str(setup["prepared"])
        library: Any = transformers
        self._tokenizer = library.AutoTokenizer.from_pretrained(prepared)
        self._model = load_model(setup)
        self._setup = setup
        self.runs = setup["variant"]

    def __call__(self, texts: Sequence[str], batch_size: int | None) -> Any:
        """Embeddings or probabilities."""
        return np.concatenate(list(self._batches(texts, batch_size or self._setup["batch_size"])))

    def _batches(self, texts: Sequence[str], size: int) -> Iterator[Any]:
        for start in range(0, len(texts), size):
            batch = list(texts[start : start + size])
            inputs = self._tokenizer(
                batch, padding=True, truncation=True, max_length=self._setup["max_tokens"], return_tensors="np"
            )
            found = self._model(**inputs)
            if self._setup["kind"] == "classifier":
                yield softmax(np.asarray(found.logits, np.float32))
                continue
            states, mask = np.asarray(found.last_hidden_state, np.float32), np.asarray(inputs["attention_mask"])
            yield pool(states, mask, pooling=self._setup["pooling"], normalize=self._setup["normalize"])


def load_model(setup: Setup) -> Any:
    """The exported model, with as many threads as asked for."""
    prepared = str(setup["prepared"])
    if setup["variant"] == "ov":
        return _model_class(setup).from_pretrained(prepared, ov_config={"INFERENCE_NUM_THREADS": str(setup["threads"])})
    import onnxruntime

    session = onnxruntime.SessionOptions()
    session.intra_op_num_threads = setup["threads"]
    return _model_class(setup).from_pretrained(prepared, provider="CPUExecutionProvider", session_options=session)


def _model_class(setup: Setup) -> Any:
    is_encoder = setup["kind"] == "encoder"
    if setup["variant"] == "ov":
        from optimum.intel import OVModelForFeatureExtraction, OVModelForSequenceClassification

        return OVModelForFeatureExtraction if is_encoder else OVModelForSequenceClassification
    from optimum.onnxruntime import ORTModelForFeatureExtraction, ORTModelForSequenceClassification

    return ORTModelForFeatureExtraction if is_encoder else ORTModelForSequenceClassification


def softmax(logits: Any) -> Any:
    """Probabilities. Shapes: ``(texts, labels)``, float32."""
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def pool(states: Any, attention_mask: Any, *, pooling: str, normalize: bool) -> Any:
    """One vector a text of its tokens' states.

    Args:
        states: The last hidden state. Shape: ``(texts, tokens, width)``, float32.
        attention_mask: 1 for a token, 0 for padding. Shape: ``(texts, tokens)``.
        pooling: ``mean`` or ``cls``.
        normalize: Whether to make unit norms of them.

    Returns:
        Shape: ``(texts, width)``, float32.
    """
    if pooling == "cls":
        pooled = states[:, 0]
    else:
        weights = attention_mask[:, :, None].astype(np.float32)
        pooled = (states * weights).sum(1) / weights.sum(1)
    return pooled / np.linalg.norm(pooled, axis=1, keepdims=True) if normalize else pooled
