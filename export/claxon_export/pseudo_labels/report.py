"""What a bootstrapped head was trained on, and how it was evaluated: for Python, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from claxon.bundle.bundle import Bundle
from claxon.cli.rendering import NO_BREAK, facts, section, table

QUOTED_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class PseudoLabel:
    """A label that similarity gave to a text; nobody looked whether it is true.

    Attributes:
        row: Of the text, from 0.
        margin: Its score minus that of the second best label.
    """

    row: int
    label: str
    score: float
    margin: float


@dataclass(frozen=True, slots=True)
class LabelChoice:
    """The texts of one label.

    Attributes:
        n_nearest: Texts that it is the nearest label of.
        n_chosen: Those of them that were trained on.
        smallest_margin: Of the chosen ones; ``None`` where there are none.
        examples: The surest and the least sure of them.
    """

    label: str
    n_nearest: int
    n_chosen: int
    smallest_margin: float | None
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """How right the labels are where the truth is known; shares from 0 to 1.

    Attributes:
        n_held_out: Texts that took no part in the training, and that the other shares are of.
        similarity_accuracy: Similarity's own.
        head_accuracy: The head's; ``None`` where it was not trained.
        baseline_accuracy: For always naming the label that is most common among the texts not held out; ``None`` where
            the truth is known of none of those.
        n_chosen: Chosen texts whose truth is known.
        chosen_accuracy: Of their pseudo-labels; ``None`` where there are none.
    """

    n_held_out: int
    similarity_accuracy: float
    head_accuracy: float | None
    baseline_accuracy: float | None
    n_chosen: int
    chosen_accuracy: float | None


@dataclass(frozen=True, slots=True)
class BootstrapReport:
    """What ``bootstrap`` did.

    Attributes:
        bundle: With the head, unless it was a trial.
        head: Its name.
        labels: One entry per label, in the labels' order.
        pseudo_labels: The chosen texts, in their order.
        n_texts: All of them.
        n_rest: Those that the head was not trained on and that were not held out.
        agreement: Share of the rest to which head and similarity give the same label; ``None`` where the head was not
            trained, or nothing is left.
        truth: Where it was given.
        is_trial: Whether no head was trained, and the bundle is as it was.
    """

    bundle: Bundle
    head: str
    labels: tuple[LabelChoice, ...]
    pseudo_labels: tuple[PseudoLabel, ...]
    n_texts: int
    n_rest: int
    agreement: float | None
    truth: Truth | None
    is_trial: bool

    def __str__(self) -> str:
        """All of it, in words."""
        return "\n".join(bootstrap_lines(self))


def bootstrap_lines(report: BootstrapReport) -> list[str]:
    """What was trained on what, and how it was evaluated."""
    title = f"{report.bundle.path}  head {report.head}"
    about = {
        "chosen": f"{len(report.pseudo_labels):,} of {report.n_texts:,} texts, those with the largest margins",
        "beware": "their labels are pseudo-labels, not the truth: read the examples, and evaluate the head on texts "
        "that people labeled",
    }
    follow_up = f"claxon predict {report.bundle.path} --head {report.head}".replace(" ", NO_BREAK)
    ending = (
        "run again without --dry-run: this was a trial, and the bundle did not change" if report.is_trial else follow_up
    )
    return [
        title + ("  (not added)" if report.is_trial else ""),
        *facts(about),
        "",
        *table([["label", "nearest", "chosen", "smallest margin"], *map(_row, report.labels)]),
        "",
        *section(
            "examples, largest and smallest margin", [line for label in report.labels for line in _examples(label)]
        ),
        *facts({**_judgement(report), "next": ending}),
    ]


def _row(label: LabelChoice) -> Sequence[str]:
    margin = "-" if label.smallest_margin is None else f"{label.smallest_margin:.4f}"
    return [label.label, f"{label.n_nearest:,}", f"{label.n_chosen:,}", margin]


def _examples(label: LabelChoice) -> list[str]:
    return [f"  {label.label}: {_quoted(text)}" for text in label.examples]


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line}”" if len(line) <= QUOTED_CHARACTERS else f"“{line[: QUOTED_CHARACTERS - 1].rstrip()}…”"


def _judgement(report: BootstrapReport) -> dict[str, str]:
    result = {}
    if report.agreement is not None:
        result["agreement"] = (
            f"{report.agreement:.3f} of {report.n_rest:,} other texts get the same label from head and similarity"
        )
    truth = report.truth
    if truth is None:
        return result
    if truth.chosen_accuracy is not None:
        result["right"] = (
            f"{truth.chosen_accuracy:.3f} of the pseudo-labels used for training are right, where the truth is known "
            + (f"({truth.n_chosen:,} texts)")
        )
    shares = {"head": truth.head_accuracy, "similarity": truth.similarity_accuracy, "baseline": truth.baseline_accuracy}
    listed = ", ".join(f"{name} {share:.3f}" for name, share in shares.items() if share is not None)
    ending = "; the baseline predicts the most common label" if truth.baseline_accuracy is not None else ""
    result["accuracy"] = f"{listed}, of {truth.n_held_out:,} text{'s' if truth.n_held_out > 1 else ''} held out{ending}"
    if truth.head_accuracy is not None and truth.head_accuracy <= truth.similarity_accuracy:
        result["so"] = (
            "the head is no more accurate than similarity (claxon similar, claxon add-head); the rows of -o, "
            + ("corrected by hand, may train a better head (claxon fit)")
        )
    return result
