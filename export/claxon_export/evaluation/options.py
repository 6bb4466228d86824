"""The options of an evaluation, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from numbers import Integral

from claxon.errors import OptionError
from claxon.heads.decision import Abstention
from claxon.support.validation import real_number
from claxon_export.evaluation.head_evaluation import Resampling

RESAMPLES = 1000
MAX_SEED = (1 << 32) - 1
COUNTS = ("resamples", "wrong_texts", "slow_texts", "map_texts")


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """What is evaluated and how; see ``evaluate``. Numbers of numpy's types become Python's.

    Raises:
        OptionError: a value is invalid.
    """

    heads: Sequence[str] | None = None
    label_map: Mapping[str, str] = field(default_factory=dict)
    leave_out_unknown: bool = False
    threshold: float | None = None
    margin: float | None = None
    ordered: bool = False
    learning_curve: bool = False
    resamples: int = RESAMPLES
    seed: int = 0
    wrong_texts: int = 10
    slow_texts: int = 5
    map_texts: int = 2000

    def __post_init__(self) -> None:
        real_number("threshold", self.threshold, none_means="the best label in any case")
        abstention = Abstention.of(self.threshold, self.margin)
        numbers = {name: _whole(name, getattr(self, name), 1) for name in COUNTS}
        seed = _whole("seed", self.seed, 0, MAX_SEED)
        for name, value in {**asdict(abstention), **numbers, "seed": seed}.items():
            object.__setattr__(self, name, value)

    @property
    def abstention(self) -> Abstention:
        """When a text gets no label."""
        return Abstention(self.threshold, self.margin)

    @property
    def resampling(self) -> Resampling:
        """For the intervals."""
        return Resampling(self.resamples, self.seed)


def _whole(option: str, value: object, least: int, most: int | None = None) -> int:
    number = int(value) if not isinstance(value, bool) and isinstance(value, Integral) else least - 1
    if number < least or (most is not None and number > most):
        expected = f"{least} or more" if most is None else f"{least} to {most}"
        raise OptionError(f"{option} is {value!r:.80}, expected a whole number, {expected}")
    return number
