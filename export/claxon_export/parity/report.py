"""What a comparison of source and bundle found, in figures and in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from claxon.bundle.manifest import Comparison, Parity


@dataclass(frozen=True, slots=True)
class Failure:
    """One text for which source and bundle differ too much."""

    row: int
    output: str
    found: str
    text: str


@dataclass(frozen=True, slots=True)
class ParityReport:
    """The figures, the texts that fail the gate, and what else is wrong, in words."""

    parity: Parity
    failures: tuple[Failure, ...]
    note: str = ""

    def __str__(self) -> str:
        """The figures as lines, then the first failures."""
        lines = [f"{self.parity.texts} texts against {self.parity.source}"]
        lines += [f"  {_figures(comparison)}" for comparison in self.parity.comparisons]
        lines += [f"  row {f.row}, {f.output}: {f.found}: {f.text!r:.60}" for f in self.failures[:5]]
        if len(self.failures) > 5:
            lines.append(f"  and {len(self.failures) - 5} more")
        lines += [f"  {self.note}"] if self.note else []
        return "\n".join(lines)


def _figures(comparison: Comparison) -> str:
    parts = [f"{comparison.output}: max difference {comparison.max_abs_difference:.1e}"]
    if comparison.min_cosine is not None:
        parts.append(f"worst cosine {comparison.min_cosine:.7f}, mean {comparison.mean_cosine:.7f}")
    if comparison.label_agreement is not None:
        parts.append(f"labels equal {comparison.label_agreement:.2%}")
    return ", ".join(parts)
