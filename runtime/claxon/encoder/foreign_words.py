"""Words of sentence-transformers that mean nothing here: taken where they ask for what is, else answered by a cure."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from claxon.errors import OptionError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

# What it calls the texts.
TEXTS = ("sentences", "inputs")
# The value that changes nothing, and what to do instead of another one.
CURES: dict[str, tuple[Any, str]] = {
    "convert_to_tensor": (False, "arrays are what there is; torch.from_numpy(array) shares its memory"),
    "output_value": ("sentence_embedding", "token_states() gives the state of every token"),
    "device": (None, "the device is chosen when the bundle is loaded: Encoder.load(path, device=…)"),
    "pool": (None, "one encoder uses all cores of the machine; claxon job, Ray and Spark use several machines"),
    "chunk_size": (None, "texts are cut into batches by their tokens; batch_size= limits the texts of one"),
}


def explains_foreign_words(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Let a method be called as sentence-transformers' is called, as far as that means something.

    Returns:
        A method that raises ``OptionError`` with the cure where it does not.
    """

    @wraps(function)
    def called(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        for word in CURES.keys() & kwargs.keys():
            neutral, cure = CURES[word]
            value = kwargs.pop(word)
            if value != neutral:
                raise OptionError(f"{word} is {value!r:.80}, but {cure}")
        for word in TEXTS:
            if word in kwargs and len(args) == 1:  # the encoder alone
                kwargs["texts"] = kwargs.pop(word)
        return function(*args, **kwargs)

    return called
