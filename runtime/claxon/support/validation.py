"""Checks of option values; the error says what is allowed."""

from __future__ import annotations

import math
from enum import StrEnum
from numbers import Integral, Real
from typing import TypeVar

from claxon.errors import OptionError

Choice = TypeVar("Choice", bound=StrEnum)


def choice(option: str, value: str, kinds: type[Choice]) -> Choice:
    """Return the member of ``kinds`` with the value ``value``.

    Raises:
        OptionError: none does; the message lists them.
    """
    try:
        return kinds(value)
    except ValueError:
        raise OptionError(f"{option} is {value!r:.80}, expected one of {', '.join(kinds)}") from None


def count(option: str, value: object, *, none_means: str, most: int | None = None) -> int | None:
    """Check an integer from 1 to ``most``. numpy integers are allowed, booleans are not; ``None`` passes.

    Raises:
        OptionError: something else; the message says what ``None`` means.
    """
    if value is None:
        return None
    number = int(value) if not isinstance(value, bool) and isinstance(value, Integral) else 0
    if number < 1 or (most is not None and number > most):
        expected = "1 or more" if most is None else f"1 to {most}"
        raise OptionError(f"{option} is {value!r:.80}, expected {expected}, or None for {none_means}")
    return number


def real_number(
    option: str, value: object, *, none_means: str, above: float | None = None, is_finite: bool = True
) -> float | None:
    """Check a number, which must exceed ``above`` if given. ``None`` passes.

    Raises:
        OptionError: something else, or NaN, or infinity where it ``is_finite``; the message says what ``None`` means.
    """
    if value is None:
        return None
    number = float(value) if not isinstance(value, bool) and isinstance(value, Real) else math.nan
    is_valid = not math.isnan(number) and (math.isfinite(number) or not is_finite)
    if not is_valid or (above is not None and number <= above):
        expected = "a number" if above is None else f"a number above {above:g}"
        raise OptionError(f"{option} is {value!r:.80}, expected {expected}, or None for {none_means}")
    return number
