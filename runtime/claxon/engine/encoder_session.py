"""A graph of a bundle -> its session, after every file was checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from claxon.bundle.bundle import Bundle
from claxon.bundle.graph_policy import check_graph, weight_places
from claxon.bundle.graph_pruning import pruned
from claxon.bundle.manifest import GraphVariant
from claxon.bundle.safetensors import Buffer, read_tensors
from claxon.engine.hardware import processor_features
from claxon.engine.providers import EngineRequest
from claxon.engine.selection import needs_unsigned_weights
from claxon.engine.session import Array, Session
from claxon.errors import BundleError

if TYPE_CHECKING:
    import onnxruntime

TOKENIZER_NAME = "tokenizer.json"
WORDS = "embeddings.word"


def engine_files(variant: GraphVariant) -> tuple[str, ...]:
    """Names of the files that a session is made of."""
    return tuple(name for name in (variant.weights, variant.graph) if name is not None)


def read_engine_files(bundle: Bundle, variant: GraphVariant) -> dict[str, Buffer]:
    """The variant's files, their hashes checked.

    Raises:
        BundleError: a file is not the one that the manifest describes.
    """
    return {name: bundle.read(name) for name in engine_files(variant)}


def start_session(
    bundle: Bundle,
    variant: GraphVariant,
    contents: Mapping[str, Buffer],
    asked: EngineRequest,
    session_options: onnxruntime.SessionOptions | None = None,
    outputs: Collection[str] | None = None,
) -> Session:
    """The session of a variant.

    Args:
        bundle: The bundle.
        variant: One of its graphs.
        contents: The variant's files by name, their hashes checked.
        asked: Providers and threads.
        session_options: The caller's own.
        outputs: Outputs that will be read; nodes that none of them needs are left out. ``None``: all.

    Raises:
        BundleError: the graph holds what no bundle's graph may, or does not take and give what the manifest says.
        DeviceError, EngineError: as ``Session``.
    """
    weights, places = {}, {}
    if variant.weights:
        weights = read_tensors(contents[variant.weights])
        _check_words(bundle, variant.weights, weights)
        places = weight_places(weights, contents[variant.weights], variant.weights)
    graph = contents[variant.graph].tobytes()
    check_graph(graph, f"{bundle.path / variant.graph}", places)
    part = None if outputs is None else pruned(graph, outputs)
    if part is not None:
        graph, weights = part.content, {name: weights[name] for name in weights if name in part.reads}
    asked = replace(asked, unsigned_weights=needs_unsigned_weights(variant, processor_features()))
    session = Session(graph, weights, asked, session_options)
    _check_ends(bundle, variant, session, None if part is None else outputs)
    return session


def _check_words(bundle: Bundle, name: str, weights: Mapping[str, Array]) -> None:
    """Raise unless the table of words, where it goes by its name, has the rows that token ids were compared with."""
    table, n_words = weights.get(WORDS), bundle.manifest.encoder.vocab_size
    if table is not None and (table.ndim != 2 or len(table) != n_words):
        raise BundleError(f"{bundle.path}: {name}: {WORDS} has the shape {table.shape}, expected {n_words} rows")


def _check_ends(bundle: Bundle, variant: GraphVariant, session: Session, kept: Collection[str] | None) -> None:
    """Raise unless the graph takes and gives what the manifest says; ``kept`` are its outputs if it was pruned."""
    spec = bundle.manifest.encoder
    outputs = kept or [*spec.features, *(["token_states"] if spec.token_states else [])]
    missing = [name for name in outputs if name not in session.outputs]
    if set(session.inputs) != set(spec.inputs) or missing:
        raise BundleError(
            f"{bundle.path}: {variant.graph} takes {', '.join(session.inputs)} and gives {', '.join(session.outputs)}; "
            f"the manifest says {', '.join(spec.inputs)} and {', '.join(outputs)}"
        )
