"""Options that a function passes on: ``help`` lists each, and unknown ones are named in the error."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def shows_options(
    options: type, defaults: Mapping[str, Any]
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Replace ``**options`` in a function's signature by the keys of a ``TypedDict``.

    Args:
        options: The ``TypedDict`` that ``**options`` unpacks.
        defaults: The value of each key where it is not given.

    Returns:
        A decorator. What it decorates raises ``TypeError`` for an unknown keyword; the message names the function and
        the nearest option.
    """

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        signature = _signature(function, options, defaults)

        @wraps(function)
        def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            _check_known(function, kwargs, signature.parameters)
            return function(*args, **kwargs)

        checked.__signature__ = signature  # type: ignore[attr-defined]  # what inspect.signature and help read
        return checked

    return decorate


def names_nearest(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Have a function refuse an unknown keyword by naming itself and the nearest of its own."""
    names = [one.name for one in inspect.signature(function).parameters.values()]

    @wraps(function)
    def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        _check_known(function, kwargs, names)
        return function(*args, **kwargs)

    return checked


def _check_known(function: Callable[..., Any], given: Iterable[str], names: Collection[str]) -> None:
    """Raise ``TypeError`` at the first keyword that is none of ``names``."""
    unknown = next((name for name in given if name not in names), None)
    if unknown is not None:
        near = get_close_matches(unknown, names, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise TypeError(f"{function.__qualname__}() got an unexpected keyword argument {unknown!r}{hint}")


def _signature(function: Callable[..., Any], options: type, defaults: Mapping[str, Any]) -> inspect.Signature:
    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    shown = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=annotation)
        for name, annotation in inspect.get_annotations(options).items()
        if name not in signature.parameters
    ]
    return signature.replace(parameters=[*own, *shown])
