"""What a head must reach, for continuous integration: ``accuracy=0.8``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from claxon.errors import OptionError
from claxon_export.evaluation.results import Evaluation
from claxon_export.metrics.results import Metric


@dataclass(frozen=True, slots=True)
class Requirement:
    """A metric and the value that is just good enough: the least, or for losses the most."""

    metric: Metric
    value: float

    def __str__(self) -> str:
        """As it is written on the command line."""
        return f"{self.metric}={self.value:g}"


def requirements(fail_under: Iterable[str] = (), fail_over: Iterable[str] = ()) -> tuple[Requirement, ...]:
    """Read ``METRIC=VALUE`` words; ``fail_over`` is for metrics that are better when smaller.

    Raises:
        OptionError: not of that form, not a number, or no such metric; the message lists those that there are.
    """
    gains = [metric for metric in Metric if not metric.is_loss]
    losses = [metric for metric in Metric if metric.is_loss]
    under = [_requirement("--fail-under", word, gains, "--fail-over", losses) for word in fail_under]
    over = [_requirement("--fail-over", word, losses, "--fail-under", gains) for word in fail_over]
    return (*under, *over)


def shortfalls(evaluation: Evaluation, required: Sequence[Requirement]) -> list[str]:
    """What falls short, in words: each requirement is held against every head; the value itself is good enough."""
    result = []
    for requirement in required:
        for head in evaluation.heads:
            metric = requirement.metric
            estimate = head.metrics.get(metric)
            if estimate is None:
                reason = head.not_told.get(metric, "it was not requested")
                result.append(f"{metric} of {head.name} is not available: {reason}")
            elif _is_short(estimate.value, requirement):
                side = "above" if metric.is_loss else "below"
                result.append(f"{metric} of {head.name} is {estimate.value:.4f}, {side} {requirement.value:g}")
    return result


def _requirement(
    option: str, word: str, metrics: Sequence[Metric], other_option: str, others: Sequence[Metric]
) -> Requirement:
    name, sign, number = word.partition("=")
    if name in others:
        raise OptionError(f"{option} {word}: {name} goes with {other_option}")
    if name not in metrics:
        raise OptionError(f"{option} {word!r}: unknown metric {name!r}; the metrics are {', '.join(metrics)}")
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if not sign or not abs(value) < float("inf"):
        raise OptionError(f"{option} {word!r}: expected METRIC=VALUE, such as {metrics[0]}=0.8")
    return Requirement(Metric(name), value)


def _is_short(value: float, requirement: Requirement) -> bool:
    return value > requirement.value if requirement.metric.is_loss else value < requirement.value
