"""Files of labels -> what was written down in them.

A file holds names, or names with a description or several phrasings each:

    negative: [I hate it., It is broken.]           {"negative": ["I hate it.", "It is broken."],
    positive: I love it.                             "positive": "I love it."}

or these under ``labels``, and settings beside them:

    template: "This review says: {label}"           {"template": "This review says: {label}",
    combine: best                                    "combine": "best",
    temperature: 0.05                                "temperature": 0.05,
    threshold: 0.3                                   "threshold": 0.3,
    margin: 0.02                                     "margin": 0.02,
    labels:                                          "labels": {"negative": …, "positive": …}}
      negative: …

An object whose key ``labels`` holds a list or an object is of the second kind. A ``.txt`` holds a name a line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claxon.errors import OptionError
from claxon.storage.strict_json import parse
from claxon.storage.strict_yaml import parse_yaml

MAX_FILE_BYTES = 16 << 20
LABELS = "labels"
SETTINGS = ("template", "combine", "temperature", "threshold", "margin")


@dataclass(frozen=True, slots=True)
class LabelFile:
    """What a file says, unchecked: the labels, and those of ``SETTINGS`` that stand in it."""

    labels: Any
    settings: dict[str, Any] = field(default_factory=dict)


def read_label_file(path: Path) -> LabelFile:
    """Read a file by its suffix.

    Raises:
        OptionError: another suffix, no such file, larger than ``MAX_FILE_BYTES``, or a key that is no setting.
        StrictJSONError, StrictYAMLError: it is not JSON or YAML as it is taken here.
        UnicodeDecodeError: it is not UTF-8.
        MissingDependencyError: it is YAML, and PyYAML is not installed.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise OptionError(f"label files end in {', '.join(READERS)}, found {path.suffix!r}")
    return _label_file(reader(_content(path)))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise OptionError(f"cannot be read as a label file ({error.strerror})") from None
    if len(content) > MAX_FILE_BYTES:
        raise OptionError(f"larger than {MAX_FILE_BYTES} bytes, too large for a label file")
    return content.removeprefix(b"\xef\xbb\xbf")


def _read_lines(content: bytes) -> list[str]:
    lines = (line.strip() for line in content.decode().splitlines())
    return [line for line in lines if line]


def _label_file(value: Any) -> LabelFile:
    if not isinstance(value, dict) or not isinstance(value.get(LABELS), dict | list):
        _check_no_settings(value)
        return LabelFile(value)
    settings = {key: setting for key, setting in value.items() if key != LABELS}
    unknown = next((key for key in settings if key not in SETTINGS), None)
    if unknown is not None:
        raise OptionError(f"unknown setting {unknown!r} beside {LABELS!r}, expected some of {', '.join(SETTINGS)}")
    return LabelFile(value[LABELS], settings)


def _check_no_settings(value: Any) -> None:
    """A number is no phrasing: whoever writes ``threshold: 0.3`` among the labels means a setting."""
    for key, given in value.items() if isinstance(value, dict) else ():
        if key in SETTINGS and isinstance(given, int | float):
            raise OptionError(f"the setting {key!r} stands among the labels; put the labels under the key {LABELS!r}")


READERS: dict[str, Callable[[bytes], Any]] = {
    ".json": parse,
    ".yaml": parse_yaml,
    ".yml": parse_yaml,
    ".txt": _read_lines,
}
