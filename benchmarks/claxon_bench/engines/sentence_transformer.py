"""sentence-transformers on each of its backends, with the options that its documentation gives for speed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from claxon_bench.engines.serving import Setup

IMPORTS = ("torch", "sentence_transformers")
PACKAGES = (
    "sentence-transformers", "transformers", "torch", "tokenizers", "numpy",
    "optimum", "optimum-onnx", "onnxruntime", "optimum-intel", "openvino",
)  # fmt: skip


def prepare(setup: Setup) -> None:
    """Export the checkpoint for the backend, quantised where the variant says so, as their documentation does it."""
    from sentence_transformers import SentenceTransformer, export_dynamic_quantized_onnx_model

    backend: Any = setup["variant"].partition("-")[0]
    model = SentenceTransformer(setup["model"], device="cpu", backend=backend, model_kwargs={"export": True})
    target = str(setup["prepared"])
    model.save_pretrained(target)
    if setup["variant"] == "onnx-qint8":
        quantization: Any = setup["quantization"]
        export_dynamic_quantized_onnx_model(model, quantization, target)
        (Path(target) / "onnx" / "model.onnx").unlink()


def load(setup: Setup) -> SentenceEncoder:
    """The checkpoint, or what was exported from it."""
    return SentenceEncoder(setup)


class SentenceEncoder:
    """``SentenceTransformer.encode``, which sorts by length itself."""

    def __init__(self, setup: Setup) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(setup["threads"])
        options: dict[str, Any] = {"torch": _torch, "onnx": _onnx, "openvino": _openvino}[
            setup["variant"].partition("-")[0]
        ](setup)
        self._model = SentenceTransformer(setup["prepared"] or setup["model"], device="cpu", **options)
        self._model.max_seq_length = setup["max_tokens"]
        self._batch_size = setup["batch_size"]
        self.runs = setup["variant"]

    def __call__(self, texts: Sequence[str], batch_size: int | None) -> Any:
        """Embeddings."""
        return self._model.encode(list(texts), batch_size=batch_size or self._batch_size, show_progress_bar=False)


def _torch(setup: Setup) -> dict[str, Any]:
    return {"model_kwargs": {"torch_dtype": "bfloat16"}} if setup["variant"] == "torch-bf16" else {}


def _onnx(setup: Setup) -> dict[str, Any]:
    import onnxruntime

    session = onnxruntime.SessionOptions()
    session.intra_op_num_threads = setup["threads"]
    graph = next(Path(str(setup["prepared"])).rglob("*.onnx"))
    model = {"provider": "CPUExecutionProvider", "session_options": session, "file_name": graph.name}
    return {"backend": "onnx", "model_kwargs": model}


def _openvino(setup: Setup) -> dict[str, Any]:
    return {"backend": "openvino", "model_kwargs": {"ov_config": {"INFERENCE_NUM_THREADS": str(setup["threads"])}}}
