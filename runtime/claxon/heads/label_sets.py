"""Labels and the sentences that stand for them: what label similarity compares a text with.

LabelSet.of(["negative", "positive"], template="This review is {label}.")
LabelSet.of({"negative": ["I hate it.", "It is broken."], "positive": "I love it."})
LabelSet.from_file("labels.yaml")
LabelSet.parse("negative, neutral, positive")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypedDict, Unpack

from claxon.errors import MissingDependencyError, OptionError
from claxon.heads.decision import ANY_LABEL, Abstention
from claxon.heads.label_files import read_label_file
from claxon.storage.strict_json import StrictJSONError
from claxon.storage.strict_yaml import StrictYAMLError
from claxon.support.signatures import shows_options
from claxon.support.validation import choice, real_number

PLACEHOLDER = "{label}"


class Combine(StrEnum):
    """How the phrasings of one label become one score.

    ``mean``: the cosine to the normalised mean of their unit vectors; ``best``: the largest of their cosines.
    """

    MEAN = "mean"
    BEST = "best"


class LabelSettings(TypedDict, total=False):
    """What ``LabelSet.of`` takes beside the labels."""

    template: str | None
    combine: str | None
    temperature: float | None
    threshold: float | None
    margin: float | None


NO_SETTINGS: LabelSettings = {
    "template": None,
    "combine": None,
    "temperature": None,
    "threshold": None,
    "margin": None,
}


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Two or more labels, each with one or more phrasings, the template already applied.

    Attributes:
        combine: How a label's phrasings become one score.
        temperature: Makes probabilities, ``softmax(cosine / temperature)``; ``None`` leaves cosines.
        abstention: When a text gets none of the labels.

    Raises:
        OptionError: fewer than two labels, an empty or repeated label or phrasing, or not one group a label.
    """

    labels: tuple[str, ...]
    phrasings: tuple[tuple[str, ...], ...]
    combine: Combine = Combine.MEAN
    temperature: float | None = None
    abstention: Abstention = ANY_LABEL

    def __post_init__(self) -> None:
        _check_labels(self.labels)
        if len(self.phrasings) != len(self.labels):
            raise OptionError(f"{len(self.phrasings)} groups of phrasings for {len(self.labels)} labels")
        _check_phrasings(self.labels, self.phrasings)

    @property
    def counts(self) -> tuple[int, ...]:
        """How many phrasings each label has."""
        return tuple(len(group) for group in self.phrasings)

    @property
    def texts(self) -> tuple[str, ...]:
        """All phrasings in one row, label after label: what is to be embedded."""
        return tuple(phrasing for group in self.phrasings for phrasing in group)

    @classmethod
    def of(
        cls,
        labels: Sequence[str] | Mapping[str, str | Sequence[str]],
        *,
        template: str | None = None,
        combine: str | None = None,
        temperature: float | None = None,
        threshold: float | None = None,
        margin: float | None = None,
    ) -> LabelSet:
        """A label set from names, or from names with descriptions.

        Args:
            labels: Names, each its own phrasing; or a mapping from name to a description or several
                phrasings.
            template: Put around every phrasing: ``"This review is {label}."``; ``None`` leaves them as they
                are.
            combine: ``"mean"`` (the default) or ``"best"``, see ``Combine``.
            temperature: Above 0; makes probabilities, ``softmax(cosine / temperature)``.
            threshold: Texts whose best score is below it get no label.
            margin: Texts whose best score is above the second best by less get no label.

        Raises:
            OptionError: not labels, fewer than two, one empty or repeated, a template without ``{label}``, an
                unknown ``combine``, or a number that cannot be met.
        """
        groups = _groups(labels)
        phrasings = tuple(tuple(_filled(template, phrasing) for phrasing in group) for group in groups.values())
        return cls(
            tuple(groups),
            phrasings,
            choice("combine", Combine.MEAN if combine is None else combine, Combine),
            real_number("temperature", temperature, above=0, none_means="cosines"),
            Abstention.of(threshold, margin),
        )

    @classmethod
    @shows_options(LabelSettings, NO_SETTINGS)
    def parse(cls, text: str, **settings: Unpack[LabelSettings]) -> LabelSet:
        """A label set from names with commas between, spaces around them dropped: ``"negative, positive"``.

        Raises:
            OptionError: as ``of``.
        """
        return cls.of([name.strip() for name in text.split(",")], **settings)

    @classmethod
    @shows_options(LabelSettings, NO_SETTINGS)
    def from_file(cls, path: str | Path, **settings: Unpack[LabelSettings]) -> LabelSet:
        """A label set from a UTF-8 file: ``.json`` or ``.yaml`` with what ``of`` takes, or ``.txt`` with a name a line.

        Args:
            path: The file; its layout is that of ``claxon.heads.label_files``. It may hold settings, the other
                arguments of ``of``, beside its labels.
            settings: As for ``of``; they go before those of the file, ``None`` leaves the file its word.

        Raises:
            OptionError: no such file, another suffix, not UTF-8, JSON or YAML, or as ``of``; the message names the
                file.
            MissingDependencyError: it is YAML, and PyYAML is not installed.
        """
        path = Path(path)
        given = {name: value for name, value in settings.items() if value is not None}
        try:
            found = read_label_file(path)
            return cls.of(found.labels, **{**found.settings, **given})
        except (OptionError, StrictJSONError, StrictYAMLError, UnicodeDecodeError) as error:
            raise OptionError(f"{path}: {error}") from None
        except MissingDependencyError as error:
            raise MissingDependencyError(f"{path}: {error}") from error


def _groups(labels: Any) -> dict[str, tuple[str, ...]]:
    """Name -> phrasings, from what ``LabelSet.of`` takes; repeats are found before the dict hides them."""
    if isinstance(labels, Mapping):
        return {_name(name): _group(name, given) for name, given in labels.items()}
    if isinstance(labels, str | bytes | Set) or not isinstance(labels, Iterable):
        raise OptionError(
            f"labels is {labels!r:.80}, expected a list of names or a mapping from name to phrasings; "
            "LabelSet.parse reads names with commas between"
        )
    names = [_name(name) for name in labels]
    _check_labels(names)
    return {name: (name,) for name in names}


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise OptionError(f"a label is {name!r:.80}, expected a string")
    return str(name)  # numpy's strings become Python's


def _group(name: str, given: Any) -> tuple[str, ...]:
    if isinstance(given, str):
        return (str(given),)
    if not isinstance(given, Sequence) or not all(isinstance(phrasing, str) for phrasing in given):
        raise OptionError(f"label {name!r} has {given!r:.80}, expected a string or a list of strings")
    return tuple(str(phrasing) for phrasing in given)


def _filled(template: str | None, phrasing: str) -> str:
    if template is None:
        return phrasing
    if not isinstance(template, str) or PLACEHOLDER not in template:
        raise OptionError(
            f"the template {template!r:.80} does not contain {PLACEHOLDER}, as 'It is {PLACEHOLDER}.' does"
        )
    if not phrasing.strip():
        return ""  # a template must not hide that there is nothing in it
    return template.replace(PLACEHOLDER, phrasing)


def _check_labels(labels: Sequence[str]) -> None:
    if len(labels) < 2:
        raise OptionError(f"found {len(labels)} label(s), expected two or more to choose among")
    if not all(label.strip() for label in labels):
        raise OptionError(f"label {[bool(label.strip()) for label in labels].index(False) + 1} is empty")
    repeated = [label for label in labels if labels.count(label) > 1] if len(set(labels)) < len(labels) else []
    if repeated:
        raise OptionError(f"the label {repeated[0]!r} stands twice")


def _check_phrasings(labels: Sequence[str], phrasings: Sequence[Sequence[str]]) -> None:
    owners: dict[str, str] = {}
    for label, group in zip(labels, phrasings, strict=True):
        if not group or not all(phrasing.strip() for phrasing in group):
            raise OptionError(f"label {label!r} has no phrasing, or an empty one")
        for phrasing in group:
            if phrasing in owners:
                raise OptionError(f"the phrasing {phrasing!r} of {label!r} stands under {owners[phrasing]!r} already")
            owners[phrasing] = label
