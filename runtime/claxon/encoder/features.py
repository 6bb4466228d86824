"""The output of an encoder: one vector per text for each pooled feature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from claxon.bundle.manifest import EncoderSpec, Feature
from claxon.errors import OptionError
from claxon.text.inputs import FailedRow
from claxon.text.tokens import BoolArray, IntArray

FloatMatrix = np.ndarray[tuple[int, int], np.dtype[np.float32]]
FloatVector = np.ndarray[tuple[int], np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class Features:
    """Pooled features of texts, in the texts' order.

    Attributes:
        values: Feature name to float32 array of shape ``(texts, width)``.
        n_tokens: Tokens of each text before the cut, special tokens included; of a text of more than 16,384 characters
            at least so many. Shape: ``(texts,)``, int64.
        truncated: Which texts were cut. Shape: ``(texts,)``, bool.
        failed: Rows that are no texts, of which everything above is empty or NaN, with ``errors="record"``.
    """

    values: Mapping[Feature, FloatMatrix]
    n_tokens: IntArray
    truncated: BoolArray
    failed: tuple[FailedRow, ...] = ()

    def taken(self, take: Callable[[Any], Any]) -> Features:
        """Apply ``take`` to every array."""
        values = {name: take(array) for name, array in self.values.items()}
        return Features(values, take(self.n_tokens), take(self.truncated))


def joined(parts: Sequence[Features], names: Sequence[Feature], spec: EncoderSpec) -> Features:
    """Concatenate parts; without parts, the arrays have no rows."""
    if len(parts) == 1:
        return parts[0]
    empty = Features(
        {name: np.empty((0, spec.features[name]), np.float32) for name in names},
        np.empty(0, np.int64),
        np.empty(0, bool),
    )
    every = [empty, *parts]
    values = {name: np.concatenate([part.values[name] for part in every]) for name in names}
    return Features(
        values, np.concatenate([part.n_tokens for part in every]), np.concatenate([part.truncated for part in every])
    )


def chosen_feature(spec: EncoderSpec, name: str | None) -> Feature:
    """Return the feature of that name; ``None`` for the source's sentence embedding.

    Raises:
        OptionError: the bundle has no such feature; the message lists those it has.
    """
    available = ", ".join(spec.features)
    if name is None and spec.default_feature is None:
        raise OptionError(f"the bundle has no sentence embedding; give --feature (feature=), one of {available}")
    chosen = spec.default_feature if name is None else name
    if chosen not in spec.features:
        raise OptionError(f"the bundle has no feature {str(chosen)!r}; give --feature (feature=), one of {available}")
    return Feature(chosen)


def chosen_features(spec: EncoderSpec, names: Sequence[str] | None, option: str = "names") -> list[Feature]:
    """Return the features of those names, each once; ``None`` for all. Errors call them ``option``.

    Raises:
        OptionError: none is named, a lone ``str``, or the bundle has no such feature.
    """
    if isinstance(names, str) or (names is not None and not names):
        raise OptionError(f"{option} is {names!r}, expected a list of features such as ['mean'], or None for all")
    every = spec.features if names is None else names
    return list(dict.fromkeys(chosen_feature(spec, name) for name in every))
