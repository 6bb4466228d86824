"""A bundle -> the parts of an encoder, loaded, after every file was checked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from claxon.bundle import Bundle
from claxon.errors import BundleError
from claxon.manifest import EncoderSpec, GraphVariant
from claxon.options import count
from claxon.precision import AUTO, choose_variant
from claxon.providers import Device
from claxon.session import Session, engine_request
from claxon.tensors import Buffer, read_tensors
from claxon.tokenization import Tokenizer

if TYPE_CHECKING:
    import onnxruntime

TOKENIZER_NAME = "tokenizer.json"


class LoadOptions(TypedDict, total=False):
    """How a bundle is loaded; what each option does stands at ``Encoder.load``."""

    device: str
    precision: str
    threads: int | None
    max_tokens: int | None
    session_options: onnxruntime.SessionOptions | None


@dataclass(frozen=True, slots=True)
class Parts:
    """What an encoder is made of; ``max_tokens`` is the limit that ``tokenizer`` has."""

    tokenizer: Tokenizer
    session: Session
    variant: GraphVariant
    max_tokens: int


def load_parts(
    bundle: Bundle,
    *,
    device: str = Device.AUTO,
    precision: str = AUTO,
    threads: int | None = None,
    max_tokens: int | None = None,
    session_options: onnxruntime.SessionOptions | None = None,
) -> Parts:
    """The encoder's parts; the arguments are those of ``Encoder.load``.

    Raises:
        BundleError, OptionError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load``.
    """
    spec = bundle.manifest.encoder
    limit = _token_limit(spec, max_tokens)
    variant = choose_variant(spec.variants, precision)
    with ThreadPoolExecutor(1) as pool:
        # Hashing releases the interpreter: the weights are checked while the engine and the tokenizer load.
        files = pool.submit(_read_files, bundle, variant)
        asked = engine_request(device, threads)
        tokenizer = Tokenizer(bundle.read(TOKENIZER_NAME).tobytes(), max_tokens=limit, prompt=spec.prompt)
        contents = files.result()
    weights = read_tensors(contents[variant.weights]) if variant.weights else {}
    session = Session(contents[variant.graph].tobytes(), weights, asked, session_options)
    _check_graph(bundle, variant, session)
    return Parts(tokenizer, session, variant, limit)


def _read_files(bundle: Bundle, variant: GraphVariant) -> dict[str, Buffer]:
    """The variant's files; every other file is checked as well, the tokenizer apart, which is read beside this."""
    engine_files = [name for name in (variant.weights, variant.graph) if name is not None]
    contents = {name: bundle.read(name) for name in engine_files}
    bundle.verify(set(bundle.manifest.files) - {*engine_files, TOKENIZER_NAME})
    return contents


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


def _token_limit(spec: EncoderSpec, max_tokens: int | None) -> int:
    limit = count("max_tokens", max_tokens, most=spec.max_tokens, none_means="the bundle's limit, which is the highest")
    return spec.max_tokens if limit is None else limit
