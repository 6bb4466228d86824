"""What an encoder gives: one vector a text for each pooled feature. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claxon.errors import OptionError
from claxon.manifest import EncoderSpec, Feature
from claxon.tokens import BoolArray, IntArray

FloatMatrix = np.ndarray[tuple[int, int], np.dtype[np.float32]]
FloatVector = np.ndarray[tuple[int], np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class Features:
    """Pooled features of texts, in the texts' order.

    Attributes:
        values: Feature name to float32 array of shape ``(texts, width)``.
        n_tokens: Tokens of each text before the cut, special tokens included. Shape: ``(texts,)``, int64.
        truncated: Which texts were cut. Shape: ``(texts,)``, bool.
    """

    values: Mapping[Feature, FloatMatrix]
    n_tokens: IntArray
    truncated: BoolArray


def chosen_feature(spec: EncoderSpec, name: str | None) -> Feature:
    """The feature of that name; ``None``: what the source calls its sentence embedding.

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


def chosen_features(spec: EncoderSpec, names: Sequence[str] | None) -> list[Feature]:
    """The features of those names, each once; ``None`` for all.

    Raises:
        OptionError: none is named, a lone ``str``, or the bundle has no such feature.
    """
    if isinstance(names, str) or (names is not None and not names):
        raise OptionError(f"names is {names!r}, expected a list of features such as ['mean'], or None for all")
    every = spec.features if names is None else names
    return list(dict.fromkeys(chosen_feature(spec, name) for name in every))
