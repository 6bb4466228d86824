"""A graph of a bundle -> its session, after every file was checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from claxon.bundle import Bundle
from claxon.errors import BundleError
from claxon.manifest import GraphVariant
from claxon.providers import EngineRequest
from claxon.session import Session
from claxon.tensors import Buffer, read_tensors

if TYPE_CHECKING:
    import onnxruntime

TOKENIZER_NAME = "tokenizer.json"


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
) -> Session:
    """The session of a variant.

    Raises:
        BundleError: the graph does not take and give what the manifest says.
        DeviceError, EngineError: as ``Session``.
    """
    weights = read_tensors(contents[variant.weights]) if variant.weights else {}
    session = Session(contents[variant.graph].tobytes(), weights, asked, session_options)
    _check_graph(bundle, variant, session)
    return session


def _check_graph(bundle: Bundle, variant: GraphVariant, session: Session) -> None:
    """Raise unless the graph takes and gives what the manifest says."""
    spec = bundle.manifest.encoder
    outputs = [*spec.features, *(["token_states"] if spec.token_states else [])]
    missing = [name for name in outputs if name not in session.outputs]
    if set(session.inputs) != set(spec.inputs) or missing:
        raise BundleError(
            f"{bundle.path}: {variant.graph} takes {', '.join(session.inputs)} and gives {', '.join(session.outputs)}; "
            f"the manifest says {', '.join(spec.inputs)} and {', '.join(outputs)}"
        )
