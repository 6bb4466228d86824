"""Linear layers to quantise."""

from __future__ import annotations

import numpy as np

from claxon_export.graphs.writer import Array
from claxon_export.int8.observation import Observed


def observed(inputs: Array, weight: Array, bias: Array) -> Observed:
    """A layer that saw these inputs. Shapes: ``(tokens, in)``, ``(in, out)``, ``(out,)``."""
    kept = inputs.astype(np.float16)
    seen = kept.astype(np.float32)
    seen -= seen.mean(axis=0)
    return Observed(kept, weight, bias, seen.T @ seen)


def dense(seed: int = 0, tokens: int = 400, n_in: int = 24, n_out: int = 16) -> Observed:
    """A layer whose inputs are correlated, and a hundred times larger in two channels than in the others."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((tokens, n_in)) @ rng.standard_normal((n_in, n_in)) / 4
    inputs[:, [3, 11]] *= 100
    weight = rng.standard_normal((n_in, n_out)).astype(np.float32)
    return observed(inputs, weight, rng.standard_normal(n_out).astype(np.float32))
