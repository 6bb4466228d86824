"""Where a checkpoint's files come from: a local folder, or the Hub's cache and the Hub."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claxon.errors import MissingDependencyError, OptionError
from claxon_export.errors import CheckpointError, CheckpointNotFoundError

SETTINGS_PATTERNS = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "modules.json",
    "sentence_*_config.json",
    "config_sentence_transformers.json",
    "[0-9]_*/config.json",
    "README.md",
)
SAFETENSORS_PATTERNS = ("model.safetensors", "model-*-of-*.safetensors", "model.safetensors.index.json")
PYTORCH_PATTERNS = ("pytorch_model.bin", "pytorch_model-*-of-*.bin", "pytorch_model.bin.index.json")

# By class name, because the classes live in a package that is imported only when something is fetched;
# the first that the error is an instance of gives the advice.
_ADVICE = {
    "GatedRepoError": "its authors must grant access: accept the terms on its page, then set HF_TOKEN",
    "RepositoryNotFoundError": "check the spelling; if it is private, set HF_TOKEN to one that may read it",
    "RevisionNotFoundError": "that revision is not there: give a branch, a tag or a full commit hash",
    "HFValidationError": "a Hub id is 'name' or 'organization/name'; a folder must exist",
    "OfflineModeIsEnabled": "it is not in the cache: unset HF_HUB_OFFLINE, or check HF_HOME",
    "LocalEntryNotFoundError": "it is not in the cache and the Hub was not reached: check the connection, "
    "HF_HUB_OFFLINE and HF_HOME, and the revision",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A checkpoint's files on this machine.

    Attributes:
        folder: Where they lie.
        name: The Hub id, or the folder's name.
        revision: The commit hash; None for a plain folder.
    """

    folder: Path
    name: str
    revision: str | None


def fetch(source: str, *, revision: str | None = None) -> Snapshot:
    """Find a checkpoint: a local folder as it is, anything else by its id on the Hub.

    A folder never touches the network. Of a Hub id only the files needed are fetched, PyTorch's
    ``.bin`` files only where there are no safetensors; HF_HOME, HF_TOKEN and HF_HUB_OFFLINE are honoured.

    Args:
        source: A folder, or a Hub id, ``name`` or ``organisation/name``.
        revision: Branch, tag or commit hash of a Hub id; the main branch if None.

    Raises:
        CheckpointNotFoundError: There is no such folder, or no such id, or it cannot be reached.
        OptionError: ``revision`` was given for a folder that is not of that commit.
        MissingDependencyError: A Hub id was given and huggingface_hub is not installed.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        return _local(path, revision)
    if path.exists():
        raise CheckpointNotFoundError(f"{source} is a file; expected a folder with config.json, or a Hub id")
    if _looks_like_path(source):
        raise CheckpointNotFoundError(f"no folder {source}: check the path, or give a Hub id, organization/name")
    folder = _download(source, revision, SETTINGS_PATTERNS + SAFETENSORS_PATTERNS)
    if not any(folder.glob("model*.safetensors")):
        folder = _download(source, revision, SETTINGS_PATTERNS + PYTORCH_PATTERNS)
    return Snapshot(folder, source, folder.name)


def read_json(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Raises:
        CheckpointError: It is absent, is not UTF-8 JSON, or holds something else than an object.
    """
    value = read_json_value(path)
    if not isinstance(value, dict):
        raise CheckpointError(f"{path}: found a JSON {type(value).__name__}, expected an object")
    return value


def read_json_value(path: Path) -> Any:
    """Read a JSON file, whatever it holds; the errors of ``read_json``."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"no {path.name} in {path.parent}: is this the checkpoint's folder?") from error
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError
        raise CheckpointError(f"{path} is not JSON: {error}; fetch the file again") from error


def _local(folder: Path, revision: str | None) -> Snapshot:
    resolved = folder.resolve()
    snapshot = Snapshot(folder, resolved.name, None)
    repository = resolved.parent.parent.name
    if resolved.parent.name == "snapshots" and repository.startswith("models--"):
        snapshot = Snapshot(folder, repository.removeprefix("models--").replace("--", "/"), resolved.name)
    if revision is not None and revision != snapshot.revision:
        result = f"holds commit {snapshot.revision}" if snapshot.revision else "has no revisions"
        raise OptionError(f"revision={revision!r}, but {folder} is a local folder that {result}: leave it out")
    return snapshot


def _looks_like_path(source: str) -> bool:
    return source.startswith((".", "~", "/")) or source.endswith("/") or source.count("/") > 1 or "\\" in source


def _download(name: str, revision: str | None, patterns: tuple[str, ...]) -> Path:
    """The snapshot folder of a Hub id; its name is the commit hash."""
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingDependencyError(
            f"{name} is not a local folder, and fetching it from the Hub needs huggingface_hub: "
            "pip install 'claxon[export]'"
        ) from error
    try:
        return Path(huggingface_hub.snapshot_download(name, revision=revision, allow_patterns=list(patterns)))
    except (OSError, ValueError) as error:  # the package's own errors are all one or the other
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk is full, the cache cannot be written: not the checkpoint's fault
        raise CheckpointNotFoundError(_not_fetched(name, revision, error)) from error


def _not_fetched(name: str, revision: str | None, error: Exception) -> str:
    classes = {cls.__name__ for cls in type(error).__mro__}
    advice = next((text for cls, text in _ADVICE.items() if cls in classes), "check the connection and try again")
    at = f" at revision {revision}" if revision else ""
    cause = (str(error).strip().splitlines() or [""])[0]
    return (
        f"the Hub's {name}{at} could not be fetched: {advice}; or pass a local folder. "
        f"({type(error).__name__}: {cause})"
    )
