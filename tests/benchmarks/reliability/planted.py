"""Faults that are planted, in modules that another process can import: a campaign has to notice each of them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from unittest import mock

import numpy as np

import claxon
from claxon.bundle.bundle import Bundle
from claxon.errors import OptionError
from reliability.damage import load_and_label
from reliability.part import Outcome, Settings
from reliability.threads import compare


def load_without_hashes(bundle: Path, precision: str) -> None:
    """A loader that believes every file."""

    def read(self: Bundle, name: str) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        return np.frombuffer((self.path / name).read_bytes(), np.uint8)

    with mock.patch.object(Bundle, "read", read), mock.patch.object(Bundle, "verify"):
        load_and_label(bundle, precision)


def load_what_is_whole(bundle: Path, precision: str) -> None:
    """A loader whose errors are another's: ``LookupError`` for a head, ``OptionError`` for the tokenizer."""
    try:
        load_and_label(bundle, precision)
    except claxon.BundleError as error:
        if "heads/" in str(error):
            raise LookupError("a head") from error
        if "tokenizer.json" in str(error):
            raise OptionError("a tokenizer") from error
        raise


def load_nothing(bundle: Path, precision: str) -> None:
    """A loader that refuses what is whole as well."""
    raise claxon.BundleError(f"{bundle} as {precision}: no")


def answer_or_not(case: str) -> str:
    """Answers; or hangs, or crashes as native code does, where it is told to."""
    if case == "hang":
        time.sleep(600)
    if case == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    return case.upper()


def crash_in_a_part(settings: Settings) -> Outcome:
    """A part that takes its process down."""
    os._exit(settings.seed)


def compare_with_a_race(settings: Settings) -> Outcome:
    """Threads that see each other's scores, now and then."""
    real = claxon.Classifier.predictions_all
    calls = []

    def predictions_all(self: claxon.Classifier, texts: list[str], **options: object) -> dict[str, object]:
        calls.append(1)
        wrong = len(calls) > 64 and len(calls) % 50 == 0
        return dict(real(self, ["another text"] * len(texts) if wrong else texts, on_truncation="ignore"))

    with mock.patch.object(claxon.Classifier, "predictions_all", predictions_all):
        return compare(settings)
