"""Labels and the sentences that stand for them: what label similarity compares a text with.

LabelSet.of(["negative", "positive"], template="This review is {label}.")
LabelSet.of({"negative": ["I hate it.", "It is broken."], "positive": "I love it."})
LabelSet.from_file("labels.json")
LabelSet.parse("negative, neutral, positive")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from claxon.errors import OptionError
from claxon.strict_json import StrictJSONError, parse

PLACEHOLDER = "{label}"
MAX_FILE_BYTES = 16 << 20


class Combine(StrEnum):
    """How the phrasings of one label become one score.

    ``mean``: the cosine to the normalised mean of their unit vectors; ``best``: the largest of their cosines.
    """

    MEAN = "mean"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Two or more labels, each with one or more phrasings, the template already applied.

    Raises:
        OptionError: fewer than two labels, an empty or repeated label or phrasing, or not one group a label.
    """

    labels: tuple[str, ...]
    phrasings: tuple[tuple[str, ...], ...]
    combine: Combine = Combine.MEAN

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
        combine: str = Combine.MEAN,
    ) -> LabelSet:
        """A label set from names, or from names with descriptions.

        Args:
            labels: Names, each its own phrasing; or a mapping from name to a description or several
                phrasings.
            template: Put around every phrasing: ``"This review is {label}."``; ``None`` leaves them as they
                are.
            combine: ``"mean"`` or ``"best"``, see ``Combine``.

        Raises:
            OptionError: not labels, fewer than two, one empty or repeated, a template without ``{label}``, or
                an unknown ``combine``.
        """
        groups = _groups(labels)
        phrasings = tuple(tuple(_filled(template, phrasing) for phrasing in group) for group in groups.values())
        return cls(tuple(groups), phrasings, _combine(combine))

    @classmethod
    def parse(cls, text: str, *, template: str | None = None, combine: str = Combine.MEAN) -> LabelSet:
        """A label set from names with commas between, spaces around them dropped: ``"negative, positive"``.

        Raises:
            OptionError: as ``of``.
        """
        return cls.of([name.strip() for name in text.split(",")], template=template, combine=combine)

    @classmethod
    def from_file(cls, path: str | Path, *, template: str | None = None, combine: str = Combine.MEAN) -> LabelSet:
        """A label set from a UTF-8 file: ``.json`` with what ``of`` takes, or ``.txt`` with one name a line.

        Blank lines of a ``.txt`` are passed over.

        Raises:
            OptionError: no such file, another suffix, not UTF-8 or JSON, or as ``of``; the message names the
                file.
        """
        path = Path(path)
        readers = {".json": _read_json, ".txt": _read_lines}
        reader = readers.get(path.suffix.lower())
        if reader is None:
            raise OptionError(f"{path}: label files end in {' or '.join(readers)}, found {path.suffix!r}")
        try:
            return cls.of(reader(_content(path)), template=template, combine=combine)
        except (OptionError, StrictJSONError, UnicodeDecodeError) as error:
            raise OptionError(f"{path}: {error}") from None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise OptionError(f"cannot be read as a label file ({error.strerror})") from None
    if len(content) > MAX_FILE_BYTES:
        raise OptionError(f"larger than {MAX_FILE_BYTES} bytes, too large for a label file")
    return content.removeprefix(b"\xef\xbb\xbf")


def _read_json(content: bytes) -> Any:
    return parse(content)


def _read_lines(content: bytes) -> list[str]:
    lines = (line.strip() for line in content.decode().splitlines())
    return [line for line in lines if line]


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
    if PLACEHOLDER not in template:
        raise OptionError(f"the template {template!r} does not contain {PLACEHOLDER}, as 'It is {PLACEHOLDER}.' does")
    if not phrasing.strip():
        return ""  # a template must not hide that there is nothing in it
    return template.replace(PLACEHOLDER, phrasing)


def _combine(combine: str) -> Combine:
    try:
        return Combine(combine)
    except ValueError:
        raise OptionError(f"combine is {combine!r}, expected one of: {', '.join(Combine)}") from None


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
