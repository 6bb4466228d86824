"""What is run: texts of four kinds of length, each with the cut that every engine makes."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from claxon import Encoder
from claxon.errors import OptionError
from claxon.formats.rows import open_records
from claxon_bench.generator import long_reviews, reviews, tweets
from claxon_bench.results import WorkloadFacts

SEED = 20
QUICK_SHARE = 8
GENERATED = "generated"


class Length(StrEnum):
    """The four workloads."""

    SHORT = "short"
    MEDIUM = "medium"
    LONG = "long"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Shape:
    """How many texts a workload has, how they are made, and where they are cut."""

    texts: int
    max_tokens: int
    generate: Callable[[int, int], list[str]]


@dataclass(frozen=True, slots=True)
class Workload:
    """Texts, and the cut."""

    name: str
    texts: tuple[str, ...]
    max_tokens: int
    source: str

    def facts(self, encoder: Encoder) -> WorkloadFacts:
        """What the report tells of it; tokens are counted with the bundle's tokenizer.

        Args:
            encoder: With ``max_tokens`` of this workload or more.
        """
        lengths = [min(int(n), self.max_tokens) for n in encoder.tokenize(self.texts).lengths]
        return WorkloadFacts(
            name=self.name,
            texts=len(self.texts),
            tokens=sum(lengths),
            max_tokens=self.max_tokens,
            longest=max(lengths),
            source=self.source,
            sha256=hashlib.sha256("\0".join(self.texts).encode(errors="surrogatepass")).hexdigest(),
        )


def mixed(count: int, seed: int) -> list[str]:
    """As many tweets as reviews, in a random order."""
    texts = tweets(count - count // 2, seed) + reviews(count // 2, seed)
    random.Random(seed).shuffle(texts)
    return texts


SHAPES = {
    Length.SHORT: Shape(512, 128, tweets),
    Length.MEDIUM: Shape(128, 128, reviews),
    Length.LONG: Shape(64, 384, long_reviews),
    Length.MIXED: Shape(192, 384, mixed),
}


def workloads(
    names: Sequence[str],
    *,
    limit: int,
    quick: bool = False,
    least: int = 8,
    sources: Mapping[str, str] | None = None,
) -> list[Workload]:
    """The named workloads.

    Args:
        names: Of ``Length``.
        limit: The bundle's limit of tokens, where it is below a workload's cut.
        quick: An eighth of the texts.
        least: Texts in any case, as far as a file has so many.
        sources: A file of texts for a workload; under the name ``""`` for every other. Texts are drawn from it, seeded.

    Raises:
        OptionError: there is no such workload.
        InputError, OSError: a file cannot be read.
    """
    share = QUICK_SHARE if quick else 1
    counts = {name: max(shape_of(name).texts // share, least) for name in names}
    return [_workload(name, count, limit, sources or {}) for name, count in counts.items()]


def _workload(name: str, count: int, limit: int, sources: Mapping[str, str]) -> Workload:
    shape = shape_of(name)
    source = sources.get(name, sources.get(""))
    texts = shape.generate(count, SEED) if source is None else drawn(source, count)
    cut = min(shape.max_tokens, limit)
    return Workload(name, tuple(texts), cut, GENERATED if source is None else source.replace("\\", "/").split("/")[-1])


def bulk_workload(count: int, *, limit: int, sources: Mapping[str, str]) -> Workload:
    """``count`` mixed texts; those of ``mixed`` apart from the number, named after it."""
    workload = _workload(Length.MIXED, count, limit, sources)
    return replace(workload, name=f"bulk of {len(workload.texts):,}")


def shape_of(name: str) -> Shape:
    """The shape of a workload.

    Raises:
        OptionError: there is none of that name; the message lists them.
    """
    try:
        return SHAPES[Length(name)]
    except ValueError:
        raise OptionError(f"there is no workload {name!r}, but {', '.join(Length)}") from None


def drawn(source: str, count: int) -> list[str]:
    """At most ``count`` different texts of a file, in a random, seeded order.

    Raises:
        OptionError: the file has no text.
        InputError, OSError: it cannot be read.
    """
    with open_records(source) as records:
        texts = list(dict.fromkeys(row.text for row in records))
    if not texts:
        raise OptionError(f"{source} has no texts")
    random.Random(SEED).shuffle(texts)
    return texts[:count]


def latency_texts(count: int = 40) -> list[str]:
    """Different short texts to measure latency on, of 4 to 12 words each; the same at every call."""
    long_enough = (text.split() for text in mixed(8 * count, SEED + 1) if len(text.split()) >= 12)
    cut: dict[str, None] = {}
    while len(cut) < count:
        cut[" ".join(next(long_enough)[: 4 + len(cut) % 9])] = None
    return list(cut)
