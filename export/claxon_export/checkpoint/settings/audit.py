"""No setting goes unread: every key of a checkpoint's files is looked up in ``tables``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from claxon.errors import OptionError
from claxon_export.checkpoint.settings.tables import Table
from claxon_export.errors import CheckpointError

NOTHING: tuple[Any, ...] = (None, [], {})


@dataclass(slots=True)
class SettingsAudit:
    """Looks through files one by one, and keeps what the user accepted.

    Attributes:
        accepted: Keys that may stay unread, as the user named them: ``key``, or ``file: key``.
        is_strict: Whether what is not known is an error; else it is left alone.
        used: Those that were there, as ``file: key``.
    """

    accepted: Collection[str] = ()
    is_strict: bool = True
    used: list[str] = field(default_factory=list)

    def check(self, file: str, settings: Mapping[str, Any], table: Table, more: Collection[str] = ()) -> None:
        """Raise unless every key of a file is known and honoured, or does no harm.

        Args:
            file: Its name, for the message.
            settings: Its keys and values.
            table: Of its kind.
            more: Keys that are honoured beside the table's.

        Raises:
            CheckpointError: a key is not known, or has a value that cannot be honoured; the message says what to do.
        """
        for key, value in settings.items():
            if value in NOTHING or key in table.honoured or key in more or key in table.harmless:
                continue
            refused = table.refused.get(key)
            if refused is not None and value in refused.allowed:
                continue
            if not self.is_strict:
                continue
            if self._is_accepted(file, key):
                self.used.append(f"{file}: {key}")
                continue
            raise CheckpointError(
                _unknown(file, key, value) if refused is None else _bad(file, key, value, refused.cure)
            )

    def finish(self) -> None:
        """Raise ``OptionError`` if a key was accepted that is nowhere: it may be misspelled."""
        absent = [
            name
            for name in self.accepted
            if not any(used in (name, f"{used.rpartition(': ')[0]}: {name}") for used in self.used)
        ]
        if absent:
            raise OptionError(
                f"accept_unknown names {absent[0]!r}, which is no unknown setting of this checkpoint; leave it out"
            )

    def _is_accepted(self, file: str, key: str) -> bool:
        return key in self.accepted or f"{file}: {key}" in self.accepted


def _unknown(file: str, key: str, value: Any) -> str:
    return (
        f"{file} has the key {key!r} ({value!r:.60}), which Claxon does not know, so the bundle might give other "
        f"numbers than its source. If it changes none, give --accept-unknown {key} (accept_unknown= in Python)"
    )


def _bad(file: str, key: str, value: Any, cure: str) -> str:
    return f"{file}: {key} is {value!r:.60}, which cannot be exported: {cure}"
