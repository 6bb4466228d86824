"""The peers on the same device: sentence-transformers and transformers' pipeline, in one precision each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gpu.setting import Setting, Subject

Call = Callable[[Sequence[str], int, int], Any]

PRECISIONS = ("fp16", "bf16", "fp32", "fp16 compiled")
TORCH_NAMES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
LOADED: dict[str, str] = {"mpnet": "sentence-transformers", "distilbert": "transformers pipeline"}


def peer_name(subject: Subject) -> str:
    """Which library is compared with."""
    return LOADED[subject.name.partition("-")[0]]


def load_peer(subject: Subject, setting: Setting, precision: str) -> Call:
    """The library's own call, with scaled-dot-product attention: texts, texts a batch, tokens at which they are cut.

    Raises:
        Exception: whatever the library raises: the case is then one that did not run, with its reason.
    """
    number, _, compiled = precision.partition(" ")
    made = _sentence if peer_name(subject) == "sentence-transformers" else _pipeline
    return made(subject, setting, TORCH_NAMES[number], compiled=bool(compiled))


def _sentence(subject: Subject, setting: Setting, number: str, *, compiled: bool) -> Call:
    import torch
    from sentence_transformers import SentenceTransformer

    words = {"dtype": getattr(torch, number), "attn_implementation": "sdpa"}
    try:
        model: Any = SentenceTransformer(str(subject.checkpoint), device=str(setting.device), model_kwargs=words)
    except ValueError:  # where the architecture has no such attention
        del words["attn_implementation"]
        model = SentenceTransformer(str(subject.checkpoint), device=str(setting.device), model_kwargs=words)
    if compiled:
        model[0].auto_model = torch.compile(model[0].auto_model, dynamic=True)

    def call(texts: Sequence[str], size: int, max_tokens: int) -> Any:
        model.max_seq_length = max_tokens
        return model.encode(list(texts), batch_size=size, show_progress_bar=False)

    return call


def _pipeline(subject: Subject, setting: Setting, number: str, *, compiled: bool) -> Call:
    import torch
    import transformers

    library: Any = transformers
    model = library.AutoModelForSequenceClassification.from_pretrained(
        subject.checkpoint, dtype=getattr(torch, number), attn_implementation="sdpa"
    ).eval()
    tokenizer = library.AutoTokenizer.from_pretrained(subject.checkpoint)
    found = library.pipeline("text-classification", model=model, tokenizer=tokenizer, device=str(setting.device))
    if compiled:
        found.model = torch.compile(found.model, dynamic=True)

    def call(texts: Sequence[str], size: int, max_tokens: int) -> Any:
        return found(list(texts), batch_size=size, truncation=True, max_length=max_tokens, top_k=None)

    return call
