from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claxon.bundle.manifest import MANIFEST_NAME, Manifest
from claxon.errors import BundleError
from reliability.sealing import sealed, with_file


@pytest.fixture
def raw(small_bundle: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((small_bundle / MANIFEST_NAME).read_bytes())
    return found


def test_a_changed_manifest_that_is_sealed_is_taken(raw: dict[str, Any]) -> None:
    raw["encoder"]["prompt"] = '"": \ud83d\ude00'
    assert Manifest.from_json(sealed(raw)).encoder.prompt == '"": \U0001f600'


def test_without_a_new_seal_it_is_not(raw: dict[str, Any]) -> None:
    raw["encoder"]["prompt"] = "a"
    with pytest.raises(BundleError, match="its seal does not match"):
        Manifest.from_json(json.dumps(raw).encode())


def test_a_file_is_listed_as_it_is_now(raw: dict[str, Any]) -> None:
    entry = Manifest.from_json(with_file(raw, "README.md", b"abc")).files["README.md"]
    assert (entry.size_bytes, entry.sha256[:8]) == (3, "ba7816bf")


@pytest.mark.parametrize("value", [None, 3, [], "a"])
def test_what_is_no_object_is_written_as_it_is(value: Any) -> None:
    assert json.loads(sealed(value)) == value
