"""Every error that happens before a bundle exists; the tree goes on from ``claxon.errors``.

ClaxonError
└── ExportError                      (RuntimeError)
    ├── CheckpointError              (ValueError)  the source cannot be read as what it claims to be
    │   ├── CheckpointNotFoundError  (FileNotFoundError)
    │   ├── UnreadMeaningError       the checkpoint lacks information that an option must give
    │   └── UnsupportedArchitectureError
    ├── HeadError                    (ValueError)  the estimator, labels or classes cannot become a head
    ├── CalibrationError             (ValueError)  the checkpoint cannot be quantized
    ├── LabelError                   (InputError)  labels are missing, of other types, or not one per text
    ├── TrainingError                (ValueError)  the labeled texts cannot train a head
    ├── EvaluationError              (ValueError)  the labeled texts cannot evaluate a head, or a head falls short
    ├── SigningError                 a key or a signature cannot be read, or the signature not written
    ├── ParityError                  source and bundle differ: nothing was written; carries the report
    └── TargetExistsError            (FileExistsError)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from claxon.errors import ClaxonError, InputError

if TYPE_CHECKING:
    from claxon.bundle.manifest import Comparison, Parity


class ExportError(ClaxonError, RuntimeError):
    """A bundle could not be made."""


class CheckpointError(ExportError, ValueError):
    """The source exists, but cannot be read as a checkpoint."""


class CheckpointNotFoundError(CheckpointError, FileNotFoundError):
    """There is no checkpoint at the folder or under the Hub id."""


class UnreadMeaningError(CheckpointError):
    """The checkpoint lacks information that an option must give; the message names the option."""


class UnsupportedArchitectureError(CheckpointError):
    """No native writer exists for the architecture."""


class HeadError(ExportError, ValueError):
    """The estimator, the labels or the classes cannot become a head of this bundle."""


class CalibrationError(ExportError, ValueError):
    """int8 cannot be calibrated: the inputs of a layer contain NaN or infinity."""


class LabelError(ExportError, InputError):
    """Labels are missing, empty, of several types, or not one per text; the message names the rows."""


class TrainingError(ExportError, ValueError):
    """The labeled texts cannot train a head."""


class EvaluationError(ExportError, ValueError):
    """The labeled texts cannot evaluate a head, or a head falls short of a required score."""


class SigningError(ExportError):
    """A key or a signature cannot be read, or the signature cannot be written."""


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


class ParityError(ExportError):
    """Source and bundle differ by more than the gate allows; nothing was written."""

    def __init__(self, message: str, report: ParityReport) -> None:
        super().__init__(message)
        self.report = report


class TargetExistsError(ExportError, FileExistsError):
    """The target folder exists and ``force`` was not given."""
