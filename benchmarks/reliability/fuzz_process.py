"""One target fuzzed in this process, by atheris: ``python -m reliability.fuzz_process TARGET BUNDLE FOLDER FLAG…``.

What is found is written to ``FOLDER/found``: the content, and beside it the error's trace.
"""

from __future__ import annotations

import hashlib
import random
import sys
import traceback
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["claxon"]):
    from claxon.errors import ClaxonError
    from reliability.fuzz_targets import TARGETS, Target, TargetName

FOUND, CORPUS = "found", "corpus"


class Finder:
    """Tries contents, and keeps the first that fails in each way."""

    def __init__(self, target: Target, folder: Path) -> None:
        self._target, self._folder = target, folder
        folder.mkdir(parents=True, exist_ok=True)
        self._known = {path.stem for path in folder.glob("*.txt")}

    def try_once(self, content: bytes) -> None:
        """Load with this content; an error of Claxon's is what should come."""
        try:
            self._target.try_once(content)
        except ClaxonError:
            pass
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a panic of native code is no Exception; all that is not Claxon's is looked for
            self._keep(content, error)

    def _keep(self, content: bytes, error: BaseException) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
        name = f"{type(error).__name__}-{hashlib.sha256(repr(where).encode()).hexdigest()[:8]}"
        if name not in self._known:
            self._known.add(name)
            (self._folder / f"{name}.content").write_bytes(content)
            story = "".join(traceback.format_exception(error))
            (self._folder / f"{name}.txt").write_text(story, encoding="utf-8", errors="backslashreplace")


def main(name: str, bundle: str, folder: str, *flags: str) -> None:
    """Fuzz until the flags say that it is enough."""
    place = Path(folder)
    target = TARGETS[TargetName(name)](Path(bundle), place)
    corpus = place / CORPUS
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    finder = Finder(target, place / FOUND)

    def mutate(content: bytes, max_size: int, seed: int) -> bytes:
        new = target.mutated(content, random.Random(seed))
        return bytes(atheris.Mutate(content, max_size)) if new is None or len(new) > max_size else new

    limits = [f"-max_len={target.max_bytes}", f"-artifact_prefix={place / FOUND}/"]
    atheris.Setup([sys.argv[0], str(corpus), *limits, *flags], finder.try_once, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
