"""A changed manifest sealed anew, so that what is in it is looked at, and not only that it was changed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from claxon.bundle.manifest import SEAL


def sealed(raw: Any) -> bytes:
    """The JSON of a manifest with the seal that belongs to it; of what is no object, plain JSON."""
    if not isinstance(raw, dict):
        return _json(raw)
    unsealed = _json({**{key: value for key, value in raw.items() if key != SEAL}, SEAL: ""})
    head, mark, tail = unsealed.rpartition(b'""')
    return head + b'"' + hashlib.sha256(unsealed).hexdigest().encode() + b'"' + tail if mark else unsealed


def with_file(raw: dict[str, Any], name: str, content: bytes) -> bytes:
    """The JSON of a manifest, sealed, that lists other content for one file."""
    entry = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return sealed({**raw, "files": {**raw["files"], name: entry}})


def _json(raw: Any) -> bytes:
    return (json.dumps(raw) + "\n").encode()  # escapes leave room for half of a surrogate pair
