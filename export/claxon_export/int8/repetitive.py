"""Texts that repeat themselves, as spam, laughter and ruled lines do: some to calibrate on, others for the gate."""

from __future__ import annotations

from itertools import cycle

# Attention averages values; where all tokens are alike the average is as large as a single value, and the rounding
# errors of all tokens are the same one, which no average takes away. Ordinary texts show neither to a layer.
_CALIBRATION = (
    "good lol ? = click A 0 . the no | great yes time people ok very 5 not bad : sale you love home ) cool 77 stop "
    "blah x go free money new hello me la oh ..."
)
_CALIBRATION_COUNTS = (150, 40, 230, 90)
# One word 300 times is not among them: there all-mpnet-base-v2 is unstable itself. Noise of 1 % of their standard
# deviation on its float32 weights leaves a cosine of 0.98; int8 keeps 0.93 to 0.96.
_GATE = ("ha ", "! ", "-", "buy now ", "* ", "na", "1 2 ", "wow ")
_GATE_COUNTS = (10, 100)


def calibrating_repetitions() -> list[str]:
    """Texts for calibration, some 5,400 tokens; none of them repeats what ``judging_repetitions`` repeat."""
    return [f"{word} " * count for word, count in zip(_CALIBRATION.split(), cycle(_CALIBRATION_COUNTS), strict=False)]


def judging_repetitions() -> list[str]:
    """Texts for the gate."""
    return [pattern * count for pattern in _GATE for count in _GATE_COUNTS]
