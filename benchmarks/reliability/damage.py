"""One file of a bundle damaged, and what loading the bundle does then: it must be refused, by a ``BundleError``."""

from __future__ import annotations

import shutil
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import claxon
from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import MANIFEST_NAME, Manifest
from claxon.engine.encoder_session import engine_files
from claxon.errors import BundleError, ClaxonError
from reliability.guarded import Judged, judged
from reliability.part import Outcome, Settings

LIMIT_S = 60.0
PROCESSES = 2
TEXTS = ["great book"]

Load = Callable[[Path, str], object]


class Verdict(StrEnum):
    """What loading a damaged bundle did; only the first is right."""

    REFUSED = "refused"
    LOADED = "loaded"  # without a word
    MISTYPED = "mistyped"  # an error of Claxon's that is none about bundles
    UNTYPED = "untyped"


@dataclass(frozen=True, slots=True)
class Damage:
    """What is done to one file.

    Attributes:
        file: Its name in the bundle; empty for a bundle that is left whole.
        precision: That is loaded afterwards: the file has a part in it.
        bit: To flip, counted from the file's first.
        length: Bytes to cut the file at.
    """

    file: str
    precision: str
    bit: int | None = None
    length: int | None = None

    def done_to(self, content: bytes) -> bytes:
        """The damaged content."""
        if self.bit is None:
            return content[: self.length]
        place, mask = self.bit // 8, 1 << self.bit % 8
        return content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :]

    def __str__(self) -> str:
        """In words."""
        what = f"bit {self.bit} flipped" if self.bit is not None else f"cut at byte {self.length}"
        return f"{self.file}, {what}, loaded as {self.precision}"


def load_and_label(bundle: Path, precision: str) -> None:
    """Load every head and label a text, as a user would."""
    with claxon.load(bundle, device="cpu", precision=precision, threads=1) as classifier:
        classifier.predict_all(TEXTS, on_truncation="ignore")


class DamageJudge:
    """Damages its own copy of a bundle, loads it, and mends it."""

    def __init__(self, bundle: Path, copy: Path, load: Load = load_and_label) -> None:
        self._bundle, self._copy, self._load = bundle, copy, load
        self._is_copied = False

    def __call__(self, damage: Damage) -> str:
        """The verdict and the words of the error."""
        if not self._is_copied:  # in a new process after a crash, too: the copy may have been left damaged
            shutil.rmtree(self._copy, ignore_errors=True)
            shutil.copytree(self._bundle, self._copy)
            self._is_copied = True
        if not damage.file:
            return self._verdict(damage)
        whole = (self._bundle / damage.file).read_bytes()
        target = self._copy / damage.file
        target.write_bytes(damage.done_to(whole))
        try:
            return self._verdict(damage)
        finally:
            target.write_bytes(whole)

    def _verdict(self, damage: Damage) -> str:
        warnings.simplefilter("ignore")
        try:
            self._load(self._copy, damage.precision)
        except BundleError as error:
            return f"{Verdict.REFUSED}: {error}"
        except ClaxonError as error:
            return f"{Verdict.MISTYPED}: {type(error).__name__}: {error}"
        except BaseException as error:  # a panic of native code is no Exception; all that is not Claxon's is looked for
            return f"{Verdict.UNTYPED}: {type(error).__name__}: {error}"
        return Verdict.LOADED


def precisions(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """The precisions that each file has a part in, the manifest among the files."""
    every = tuple(str(variant.precision) for variant in manifest.encoder.variants)
    found = dict.fromkeys([*manifest.files, MANIFEST_NAME], every)
    for variant in manifest.encoder.variants:
        for name in engine_files(variant):
            users = [other for other in manifest.encoder.variants if name in engine_files(other)]
            found[name] = tuple(str(user.precision) for user in users)
    return found


def sizes(bundle: Bundle) -> dict[str, int]:
    """Bytes of every file, the manifest among them."""
    names = [*bundle.manifest.files, MANIFEST_NAME]
    return {name: (bundle.path / name).stat().st_size for name in names}


def shares(count: int, most: Sequence[int]) -> list[int]:
    """``count`` cut into shares as equal as can be, none above its own limit."""
    found = [0] * len(most)
    left = min(count, sum(most))
    while left:
        free = [place for place, limit in enumerate(most) if found[place] < limit]
        for place in free[:left]:
            found[place] += min(max(1, left // len(free)), most[place] - found[place])
        left = min(count, sum(most)) - sum(found)
    return found


def outcome(name: str, damages: Sequence[Damage], settings: Settings, load: Load = load_and_label) -> Outcome:
    """Judge all damages; a whole bundle, which must load, is judged first by each process."""
    start = time.perf_counter()
    judges = [DamageJudge(settings.bundle, settings.folder / str(number), load) for number in range(PROCESSES)]
    wholes = [Damage("", damage.precision) for damage in {d.precision: d for d in damages}.values() for _ in judges]
    found = judged(judges, [*wholes, *damages], LIMIT_S)
    failures = [failure for answer in found if (failure := _failure(answer)) is not None]
    counts = Counter(_kind(answer) for answer in found if answer.case.file)
    files = len({damage.file for damage in damages})
    figures: dict[str, int | float] = {"cases": len(damages), "files": files, **counts}
    return Outcome(name, time.perf_counter() - start, figures, failures)


def _kind(found: Judged[Damage, str]) -> str:
    return str(found.ending) if found.answer is None else found.answer.partition(":")[0]


def _failure(found: Judged[Damage, str]) -> str | None:
    """What is wrong; a bundle that is whole must load, any other be refused with the file's name."""
    words = found.words if found.answer is None else found.answer
    if not found.case.file:
        return None if words == Verdict.LOADED else f"the whole bundle does not load: {words}"
    is_named = found.case.file == MANIFEST_NAME or found.case.file in words
    return None if _kind(found) == Verdict.REFUSED and is_named else f"{found.case}: {words:.300}"
