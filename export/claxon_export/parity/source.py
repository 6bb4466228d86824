"""What a bundle is compared with: the checkpoint itself, run by transformers or the numpy reference.

Texts run in groups of exactly equal length, so that nothing is padded: what a source says of a text does not
depend on the texts beside it. torch and transformers are imported only when a `TorchSource` is made.
"""

from __future__ import annotations

import importlib
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

from claxon.engine.hardware import available_threads
from claxon.errors import InputError, MissingDependencyError, OptionError
from claxon.text.inputs import check_texts
from claxon_export.checkpoint.classifier_output import output_function
from claxon_export.checkpoint.sentence import read_sentence_settings
from claxon_export.checkpoint.settings.audit import SettingsAudit
from claxon_export.errors import CheckpointError, UnsupportedArchitectureError
from claxon_export.parity import reference
from claxon_export.parity.equal_lengths import EqualLengths, Rows, pooled_rows
from claxon_export.parity.reference_model import Model
from claxon_export.requirements import quiet_transformers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from claxon_export.checkpoint.checkpoint import Checkpoint
    from claxon_export.parity.reference_model import Floats

logger = logging.getLogger(__name__)

MAX_REFERENCE_THREADS = 8


class SourceKind(StrEnum):
    """What can run the checkpoint."""

    TORCH = "torch"
    NUMPY = "numpy"


@dataclass(frozen=True, slots=True)
class SourceOutputs:
    """What the checkpoint itself says of texts, in the texts' order.

    Attributes:
        features: ``cls`` and ``mean``, and where the checkpoint's pooling is known ``embedding``, pooled so
            and of unit length; each float32 ``(texts, width)``.
        probabilities: What the checkpoint's classifier gives, float32 ``(texts, labels)``; None where it has none.
        input_ids: Each text's token ids, special tokens included, at most ``max_tokens``.
    """

    features: Mapping[str, Floats]
    probabilities: Floats | None
    input_ids: tuple[tuple[int, ...], ...]


class Source(Protocol):
    """A checkpoint that can be asked; it holds its memory for as long as it is referred to."""

    @property
    def name(self) -> str:
        """What runs the checkpoint, with versions."""

    @property
    def unseen(self) -> tuple[str, ...]:
        """What it took from Claxon's own reading of the checkpoint, and so cannot check."""

    def outputs(self, texts: Sequence[str]) -> SourceOutputs:
        """Run the texts, each after the checkpoint's prompt and cut at its ``max_tokens``.

        Raises:
            InputError: There is no text, one is not a ``str``, or one has no tokens.
        """


def open_source(checkpoint: Checkpoint, *, prefer: str | None = None) -> Source:
    """Return what runs the checkpoint: torch where it can, else the numpy reference.

    Args:
        checkpoint: From `claxon_export.checkpoint.checkpoint.open_checkpoint`.
        prefer: ``"torch"`` or ``"numpy"``: that one or an error. None: whichever can, torch first.

    Raises:
        OptionError: Another ``prefer``.
        MissingDependencyError: torch was requested, and it or transformers is not installed.
        UnsupportedArchitectureError: Neither knows the architecture.
        CheckpointError: transformers cannot load the folder, and the numpy reference does not know it either.
    """
    if prefer is not None and prefer not in set(SourceKind):
        raise OptionError(f"unknown source {prefer!r}: it is one of {', '.join(SourceKind)}, or None")
    if prefer == SourceKind.NUMPY:
        return ReferenceSource(checkpoint)
    try:
        return TorchSource(checkpoint)
    except MissingDependencyError:
        if prefer == SourceKind.TORCH:
            raise
    except CheckpointError as error:
        if prefer == SourceKind.TORCH or checkpoint.architecture not in reference.ARCHITECTURES:
            raise
        logger.warning("comparing with the numpy reference, because %s", error)
    return ReferenceSource(checkpoint)


class TorchSource:
    """The checkpoint's folder as transformers loads it: its own tokenizer and model, in float32, offline.

    Raises:
        MissingDependencyError: torch or transformers is not installed.
        UnsupportedArchitectureError: This version of transformers does not know the architecture.
        CheckpointError: transformers cannot load the folder, or would invent weights that it lacks.
    """

    unseen: tuple[str, ...] = ()

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Load tokenizer and model; nothing is fetched, and no code from the folder runs."""
        self._checkpoint = checkpoint
        self._torch = _import("torch")
        self._transformers = _import("transformers")
        self.name = f"transformers {self._transformers.__version__}, torch {self._torch.__version__}"
        if checkpoint.architecture not in self._transformers.CONFIG_MAPPING:
            raise UnsupportedArchitectureError(
                f"transformers {self._transformers.__version__} does not know {checkpoint.architecture!r}: "
                "install a version that does"
            )
        # sentence-transformers lowers texts itself, before the tokenizer sees them
        settings = read_sentence_settings(
            checkpoint.folder, SettingsAudit(checkpoint.accepted_unknown, is_strict=False)
        )
        self._lowercase = settings.do_lower_case
        # What wins over the folder's own files; the limit is given at the call.
        self._tokenizer_arguments = {k: v for k, v in settings.tokenizer_arguments.items() if k != "model_max_length"}
        self._config_arguments = dict(settings.config_arguments)
        with quiet_transformers(self._transformers):
            self._tokenizer = self._load(self._transformers.AutoTokenizer, **self._tokenizer_arguments)
            self._model = self._load_model()

    def outputs(self, texts: Sequence[str]) -> SourceOutputs:
        """Run the texts; see `Source`."""
        prompted = [self._checkpoint.prompt + text for text in _some(texts)]
        if self._lowercase:
            prompted = [text.lower() for text in prompted]
        with quiet_transformers(self._transformers):
            encoded = self._tokenizer(prompted, truncation=True, max_length=self._checkpoint.max_tokens)
        groups = EqualLengths(encoded["input_ids"])
        return _joined(groups, [self._run(batch) for batch in groups.batches()])

    def _run(self, input_ids: npt.NDArray[np.int64]) -> Rows:
        torch, model = self._torch, self._model
        hidden: list[Any] = []
        hook = model.base_model.register_forward_hook(lambda _module, _inputs, output: hidden.append(output[0]))
        try:
            with torch.no_grad():
                ids = torch.from_numpy(input_ids)
                logits = model(input_ids=ids, attention_mask=torch.ones_like(ids))[0]
        finally:
            hook.remove()
        labelled = self._checkpoint.labels is not None
        function = output_function(self._checkpoint.config, logits.shape[-1]) if labelled else None
        probabilities = None if function is None else reference.applied(function, logits.numpy())
        source = self._checkpoint
        return pooled_rows(hidden[0].numpy(), probabilities, source.pooling, source.modules, source.truncate_dim)

    def _load_model(self) -> Any:
        labelled = self._checkpoint.labels is not None
        names = self._transformers
        model_class = names.AutoModelForSequenceClassification if labelled else names.AutoModel
        model, report = self._load(
            model_class, torch_dtype=self._torch.float32, output_loading_info=True, **self._config_arguments
        )
        missing = sorted(name for name in report["missing_keys"] if labelled or "pooler." not in name)
        if missing:
            raise CheckpointError(
                f"the checkpoint in {self._checkpoint.folder} lacks weights that its model needs: "
                f"{', '.join(missing[:3])}{' and more' if len(missing) > 3 else ''}; fetch or save it again"
            )
        return model.eval()

    def _load(self, auto_class: Any, **options: Any) -> Any:
        folder = self._checkpoint.folder
        try:
            return auto_class.from_pretrained(folder, local_files_only=True, trust_remote_code=False, **options)
        except Exception as error:  # transformers raises what its libraries raise; there is no common class
            raise CheckpointError(
                f"{self.name}: {auto_class.__name__} cannot load {folder}: {type(error).__name__}: {error}"
            ) from error


class ReferenceSource:
    """The checkpoint through `claxon_export.parity.reference`, tokenized with its tokenizer.json.

    Raises:
        UnsupportedArchitectureError: The reference does not know the architecture or a variant of it.
    """

    name = "numpy reference"
    unseen = (
        "the tokenizer, which is read and built by Claxon",
        "limits, prompts, lower case and the side where texts are cut, as Claxon reads them",
        "SentenceTransformer.encode and transformers' pipeline",
    )

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Check that the architecture is known; weights are read when texts are run."""
        self._checkpoint = checkpoint
        try:
            Model(checkpoint.architecture, checkpoint.config, checkpoint.weights)
        except UnsupportedArchitectureError as error:
            raise UnsupportedArchitectureError(
                f"{error}; install torch and transformers, and they run the checkpoint: pip install torch transformers"
            ) from error
        self._tokenizer = Tokenizer.from_str(checkpoint.tokenizer_json)
        self._tokenizer.no_padding()
        side = str(checkpoint.truncation_side)
        self._tokenizer.enable_truncation(
            checkpoint.max_tokens, direction=side
        )  # special tokens stay, as in transformers

    def outputs(self, texts: Sequence[str]) -> SourceOutputs:
        """Run the texts; see `Source`. Groups run side by side, each on one thread."""
        prompted = [self._checkpoint.prompt + text for text in _some(texts)]
        groups = EqualLengths([encoding.ids for encoding in self._tokenizer.encode_batch(prompted)])
        threads = min(available_threads(), MAX_REFERENCE_THREADS)
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as executor:
            return _joined(groups, list(executor.map(self._run, groups.batches())))

    def _run(self, input_ids: npt.NDArray[np.int64]) -> Rows:
        checkpoint = self._checkpoint
        known = (checkpoint.architecture, checkpoint.config, checkpoint.weights)
        hidden = reference.forward(*known, input_ids, np.ones_like(input_ids))
        probabilities = reference.classify(*known, hidden) if checkpoint.labels is not None else None
        return pooled_rows(hidden, probabilities, checkpoint.pooling, checkpoint.modules, checkpoint.truncate_dim)


def _joined(groups: EqualLengths, results: Sequence[Rows]) -> SourceOutputs:
    rows = groups.join(results)
    return SourceOutputs(rows.features, rows.probabilities, groups.input_ids)


def _some(texts: Sequence[str]) -> list[str]:
    checked = check_texts(texts)
    if not checked:
        raise InputError("found no texts; a comparison needs at least one")
    return checked


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:  # OSError: torch is there, and a library it links to is not
        raise MissingDependencyError(
            f"the checkpoint's own model needs {name}, which cannot be imported ({error}): "
            "pip install torch transformers"
        ) from error
