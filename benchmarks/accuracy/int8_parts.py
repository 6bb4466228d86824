"""What each part of int8 is worth: an encoder quantised again with one part left out, and compared with fp32.

    python benchmarks/accuracy/int8_parts.py CHECKPOINT --texts emotion/validation.csv --out FOLDER

A table of one minus the cosine to fp32, mean and worst, goes to standard output and, with the figures as JSON, into the
folder. The texts must be others than those that calibrate.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

import claxon
import claxon_export
from accuracy.found import tell
from claxon.encoder.features import FloatMatrix
from claxon_export.int8 import inputs, layer, observation, plan
from claxon_export.int8.inputs import Smoothing
from claxon_export.int8.layer import QuantizedLayer, quantize_static
from claxon_export.int8.observation import Observed
from claxon_export.int8.rounding import Rounded, round_to_nearest

SCRIPT = "benchmarks/accuracy/int8_parts.py"
WHOLE = "nothing"
FEW_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Worth:
    """One minus the cosine to fp32 with a part left out."""

    left_out: str
    mean: float
    worst: float


def _to_nearest(weight: FloatMatrix, _curvature: FloatMatrix) -> Rounded:
    return round_to_nearest(weight)


def _one_scale(observed: Observed) -> QuantizedLayer:
    width = len(observed.weight)
    plain = Smoothing(np.zeros(width, np.float32), np.ones(width, np.float32))
    return replace(quantize_static(observed, plain), smoothing=None)


def _one_scale_after_attention(observed: Observed, smoothing: Smoothing) -> QuantizedLayer:
    return replace(quantize_static(observed, smoothing), smoothing=None)


def _unsmoothed(values: FloatMatrix, _weight: FloatMatrix, _exponent: float) -> np.ndarray[Any, Any]:
    return np.ones(values.shape[1], np.float32)


# What stands in for each part: in which module, under which name.
PARTS: Mapping[str, tuple[tuple[Any, str, Any], ...]] = {
    WHOLE: (),
    "smoothing": ((layer, "smoothing_factors", _unsmoothed),),
    "an exponent for each layer (0.5 for all)": ((layer, "EXPONENTS", (0.5,)),),
    "cutting what is rare": ((layer, "CUTS", (0.0,)),),
    "shifting what lies far out": ((inputs, "FAR_OUT", math.inf),),
    "a scale a token after the activation": ((plan, "quantize_after_activation", _one_scale),),
    "a scale a token after attention": ((plan, "quantize_after_attention", _one_scale_after_attention),),
    "rounding by calibration": ((layer, "round_by_calibration", _to_nearest),),
    f"all but {FEW_TOKENS:,} of the tokens that calibrate": ((observation, "MAX_TOKENS", FEW_TOKENS),),
}


def main(words: Sequence[str] | None = None) -> None:
    """Quantise, compare, print, and write."""
    options = _options(words)
    with Path(options.texts).open(encoding="utf-8", newline="") as stream:
        texts = [row["text"] for row in csv.DictReader(stream)][: options.rows]
    found = worths(options.checkpoint, texts)
    tell("int8_parts", "\n".join([_made_by(options), "", *_table(found)]), found, options.out)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a sentence encoder, as for `claxon export`")
    parser.add_argument("--texts", required=True, help="CSV with the column text")
    parser.add_argument("--rows", type=int, default=400, help="how many of them (default: 400)")
    parser.add_argument("--out", help="folder for the table and the figures")
    return parser.parse_args(words)


def worths(checkpoint: str | os.PathLike[str], texts: Sequence[str]) -> list[Worth]:
    """Every part left out in turn, told of on standard error when it is judged."""
    found: list[Worth] = []
    with tempfile.TemporaryDirectory() as folder:
        exact = _vectors(checkpoint, Path(folder) / "fp32", "fp32", texts)
        for place, (part, replacements) in enumerate(PARTS.items()):
            with ExitStack() as stack:
                for module, name, stand_in in replacements:
                    stack.enter_context(patch.object(module, name, stand_in))
                vectors = _vectors(checkpoint, Path(folder) / str(place), "int8", texts)
            cosines = np.sum(exact * vectors, axis=1, dtype=np.float64)
            found.append(Worth(part, float(1 - cosines.mean()), float(1 - cosines.min())))
            print(f"without {part}: {found[-1].mean:.5f}", file=sys.stderr)
    return found


def _vectors(checkpoint: str | os.PathLike[str], folder: Path, precision: str, texts: Sequence[str]) -> FloatMatrix:
    """The texts' embeddings by a bundle of one precision. Shape: ``(texts, width)``."""
    bundle = claxon_export.export(checkpoint, folder, precision=precision, verify=False)
    with claxon.Encoder.from_bundle(bundle, device="cpu", precision=precision) as encoder:
        return encoder.encode(texts, feature="embedding", on_truncation="ignore")


def _made_by(options: argparse.Namespace) -> str:
    """The command, without the folders of this machine."""
    texts, source = Path(options.texts).absolute(), Path(options.checkpoint).name
    words = ["python", SCRIPT, source, "--texts", f"{texts.parent.name}/{texts.name}", "--rows", str(options.rows)]
    words += [] if options.out is None else ["--out", "FOLDER"]
    return f"Made by `{shlex.join(words)}`."


def _table(found: Sequence[Worth]) -> list[str]:
    whole = next(worth for worth in found if worth.left_out == WHOLE)
    head = ["| left out | 1 - mean cosine | 1 - worst cosine | mean, times the whole's |", "|---|---:|---:|---:|"]
    rows = [f"| {row.left_out} | {row.mean:.5f} | {row.worst:.4f} | {row.mean / whole.mean:.2f} |" for row in found]
    return head + rows


if __name__ == "__main__":
    main()
