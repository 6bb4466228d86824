"""No setting goes unread in silence."""

from __future__ import annotations

import pytest

from claxon.errors import OptionError
from claxon_export.checkpoint.settings.audit import SettingsAudit
from claxon_export.checkpoint.settings.tables import Refused, Table
from claxon_export.errors import CheckpointError

TABLE = Table(frozenset({"width"}), frozenset({"dropout"}), {"decoder": Refused((False,), "export an encoder")})
FILE = "config.json"


def test_known_keys_pass() -> None:
    SettingsAudit().check(FILE, {"width": 3, "dropout": 0.1, "decoder": False, "more": 1}, TABLE, more=["more"])


def test_a_refused_value_names_file_key_and_cure() -> None:
    with pytest.raises(CheckpointError, match=r"config\.json.*decoder.*export an encoder"):
        SettingsAudit().check(FILE, {"decoder": True}, TABLE)


def test_an_unknown_key_names_file_and_key() -> None:
    with pytest.raises(CheckpointError, match=r"config\.json.*'twist'.*--accept-unknown twist"):
        SettingsAudit().check(FILE, {"twist": 2}, TABLE)


@pytest.mark.parametrize("name", ["twist", "config.json: twist"])
def test_an_accepted_key_is_kept_on_record(name: str) -> None:
    audit = SettingsAudit(accepted=(name,))
    audit.check(FILE, {"twist": 2}, TABLE)
    audit.finish()
    assert list(audit.used) == ["config.json: twist"]


def test_an_accepted_key_that_is_nowhere_is_an_error() -> None:
    with pytest.raises(OptionError, match="twits"):
        SettingsAudit(accepted=("twits",)).finish()
