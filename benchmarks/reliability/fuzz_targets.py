"""What is fuzzed: content for one file of a bundle -> the bundle loaded with it, and what must hold of it then."""

from __future__ import annotations

import json
import random
import shutil
import warnings
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers

import claxon
from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import MANIFEST_NAME
from claxon.bundle.tokenizer_policy import COMPONENTS, KNOWN_REGEXES, MODELS
from claxon.diagnostics.inspection import inspect_bundle
from claxon.engine.encoder_session import TOKENIZER_NAME
from claxon.heads.heads import GraphHead
from claxon.text.tokenizer import Tokenizer
from reliability.fuzz_seeds import head_seeds, manifest_seeds, tokenizer_seeds
from reliability.graph_mutation import mutated_graph
from reliability.json_mutation import Stock, mutated, stock_of
from reliability.sealing import sealed, with_file

TEXTS = [
    "great book",
    "",
    "a \0 é 中 😀 [SEP] <s> naïve!! 3.5",
    "ﬁ İ ß\u0301\u200d\ufeff",
    "the phone broke today " * 20,
]
LONG_TEXTS = [
    "the very good book , it broke ! " * 600,
    "a\u0301\u0316" * 6000,
    "naïve  \t中文<mask> [UNK] </s>😀 " * 900,
    "x" * 17_000,
]
ENCODED_EVERY = 4  # contents that are taken: the encoder takes most of the time, and is not what is fuzzed
WRITES_BYTES = 0.1  # of the mutations that leave the structure alone and change bytes


class WrongAnswer(AssertionError):  # noqa: N818 - it is what a fuzzer looks for, no error of this program
    """A load that succeeded and gave what cannot be right."""


class Target(ABC):
    """One file of a bundle, in a copy of the bundle's folder."""

    name: str
    max_bytes = 1 << 14

    def __init__(self, bundle: Path, folder: Path) -> None:
        self._folder = folder / "bundle"
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(bundle, self._folder)
        self._raw: dict[str, Any] = json.loads((bundle / MANIFEST_NAME).read_bytes())
        warnings.simplefilter("ignore")

    @abstractmethod
    def seeds(self) -> list[bytes]:
        """Contents to begin with."""

    @abstractmethod
    def try_once(self, content: bytes) -> None:
        """Load the bundle with this content in it.

        Raises:
            ClaxonError: it was refused, as it should be.
            WrongAnswer: what was loaded does not do what it should.
        """

    @abstractmethod
    def mutated(self, content: bytes, draw: random.Random) -> bytes | None:
        """Another content, near this one; ``None`` leaves it to the fuzzer, which changes bytes."""

    def _put(self, name: str, content: bytes) -> Bundle:
        """Write the file and a sealed manifest that lists it, and open the bundle."""
        (self._folder / name).write_bytes(content)
        (self._folder / MANIFEST_NAME).write_bytes(with_file(self._raw, name, content))
        return Bundle.open(self._folder)


class ManifestTarget(Target):
    """``manifest.json``: opened, inspected, and where it is taken, loaded and run."""

    name = "manifest"

    def __init__(self, bundle: Path, folder: Path) -> None:
        super().__init__(bundle, folder)
        self._stock = stock_of([self._raw], words=[*self._raw["files"], "/dev/stdin", "heads", "fp16", "cosine"])

    def seeds(self) -> list[bytes]:
        """The manifest, and some that differ in what is optional."""
        return [sealed(raw) for raw in manifest_seeds(self._raw)]

    def try_once(self, content: bytes) -> None:
        """Open, inspect, load, predict."""
        (self._folder / MANIFEST_NAME).write_bytes(content)
        bundle = Bundle.open(self._folder)
        json.dumps(inspect_bundle(bundle).to_json())
        with claxon.load(self._folder, threads=1, device="cpu") as classifier:
            found = classifier.predictions_all(TEXTS, on_truncation="ignore")
        for name, predictions in found.items():
            head = classifier.heads[name]
            _check(predictions.scores.shape == (len(TEXTS), len(head.labels)), "scores of another shape")
            _check(bool(np.isfinite(predictions.scores).all()), "scores that are not finite")
            _check({*predictions.labels.tolist()} <= {*head.labels}, "a label that the head has not")

    def mutated(self, content: bytes, draw: random.Random) -> bytes | None:
        """Another tree, sealed."""
        raw = _parsed(content)
        return None if raw is None or draw.random() < WRITES_BYTES else sealed(mutated(raw, draw, self._stock))


class TokenizerTarget(Target):
    """``tokenizer.json``: read as a bundle's is, and where it is taken, run; long texts have the ids of uncut ones."""

    name = "tokenizer"

    def __init__(self, bundle: Path, folder: Path) -> None:
        super().__init__(bundle, folder)
        self._documents = tokenizer_seeds(json.loads((bundle / TOKENIZER_NAME).read_bytes()))
        kinds = [kind for kinds in COMPONENTS.values() for kind in kinds]
        self._stock: Stock = stock_of(self._documents, words=[*kinds, *MODELS, *KNOWN_REGEXES])

    def seeds(self) -> list[bytes]:
        """The bundle's tokenizer, and with every component that is allowed in place of its own."""
        return [json.dumps(document).encode() for document in self._documents]

    def try_once(self, content: bytes) -> None:
        """Open, read, tokenize; now and then load the encoder with it and run that."""
        bundle = self._put(TOKENIZER_NAME, content)
        spec = bundle.manifest.encoder
        read = bundle.read(TOKENIZER_NAME).tobytes()
        tokenizer = Tokenizer(read, max_tokens=spec.max_tokens, prompt=spec.prompt, n_embeddings=spec.vocab_size)
        number = zlib.crc32(content)
        texts = [*TEXTS, LONG_TEXTS[number % len(LONG_TEXTS)]]
        tokens = tokenizer(texts)
        _check(tokens.input_ids.size > 0 and int(tokens.input_ids.min()) >= 0, "an id below 0")
        _check(int(tokens.input_ids.max()) < spec.vocab_size, "an id beyond the table of words")
        _check(int(tokens.lengths.max()) <= spec.max_tokens, "more tokens than the limit")
        self._compare_with_uncut(read, texts[-1], tokens.input_ids[-tokens.lengths[-1] :], spec.max_tokens)
        if number // len(LONG_TEXTS) % ENCODED_EVERY == 0:
            self._encode(bundle, texts)

    def mutated(self, content: bytes, draw: random.Random) -> bytes | None:
        """Another tree."""
        raw = _parsed(content)
        if raw is None or draw.random() < WRITES_BYTES:
            return None
        return json.dumps(mutated(raw, draw, self._stock)).encode()

    def _encode(self, bundle: Bundle, texts: list[str]) -> None:
        with claxon.Encoder.from_bundle(bundle, threads=1, device="cpu") as encoder:
            features = encoder.features(texts, on_truncation="ignore")
        _check(all(np.isfinite(values).all() for values in features.values.values()), "features that are not finite")

    def _compare_with_uncut(self, content: bytes, text: str, found: np.ndarray[Any, Any], limit: int) -> None:
        """The ids of a long text are the first of those that the library gives for all of it."""
        library = tokenizers.Tokenizer.from_str(content.decode())
        library.no_padding()
        library.no_truncation()
        whole = library.encode(text, add_special_tokens=False).ids
        n_special = len(library.encode("a").ids) - len(library.encode("a", add_special_tokens=False).ids)
        expected = whole[: limit - n_special]
        ids = found.tolist()
        _check(
            any(ids[start : start + len(expected)] == expected for start in range(n_special + 1)), "ids of a cut text"
        )
        _check(len(ids) == len(expected) + n_special, "another number of ids than the uncut text has")


class HeadTarget(Target):
    """A head's graph: loaded and run."""

    name = "heads"
    max_bytes = 1 << 13

    def __init__(self, bundle: Path, folder: Path) -> None:
        super().__init__(bundle, folder)
        self._spec = self._raw["heads"][0]
        self._features = np.random.default_rng(0).normal(size=(3, 32)).astype(np.float32)

    def seeds(self) -> list[bytes]:
        """The bundle's heads, and others with operators that Claxon's writers use."""
        own = [(self._folder / head["file"]).read_bytes() for head in self._raw["heads"]]
        return [*own, *head_seeds(self._features.shape[1], len(self._spec["labels"]))]

    def try_once(self, content: bytes) -> None:
        """Open, load, run."""
        bundle = self._put(self._spec["file"], content)
        head = GraphHead(bundle, bundle.manifest.heads[0])
        for rows in (0, 1, 3):
            scores = head(self._features[:rows])
            _check(scores.shape == (rows, len(head.labels)) and scores.dtype == np.float32, "scores of another shape")

    def mutated(self, content: bytes, draw: random.Random) -> bytes | None:
        """Another graph."""
        return None if draw.random() < WRITES_BYTES else mutated_graph(content, draw)


class TargetName(StrEnum):
    """What can be fuzzed."""

    MANIFEST = "manifest"
    TOKENIZER = "tokenizer"
    HEADS = "heads"


TARGETS: dict[TargetName, Callable[[Path, Path], Target]] = {
    TargetName.MANIFEST: ManifestTarget,
    TargetName.TOKENIZER: TokenizerTarget,
    TargetName.HEADS: HeadTarget,
}


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _check(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise WrongAnswer(otherwise)
