"""Where a checkpoint comes from: a folder, which never touches the network, or the cache of a model hub."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import claxon
from claxon.bundle.bundle import Bundle
from claxon_export.errors import CheckpointNotFoundError
from claxon_export.pipeline import export

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB_SCRIPT = """
import sys
import claxon_export
bundle = claxon_export.export("org/tiny", sys.argv[1], verify=False, **eval(sys.argv[2]))
print(bundle.manifest.provenance.source, bundle.manifest.provenance.revision)
"""

pytestmark = pytest.mark.usefixtures("numpy_source")


def export_from_cache(source: Path, tmp_path: Path, options: str) -> subprocess.CompletedProcess[str]:
    """Export ``org/tiny`` in a process whose Hub cache holds ``source`` as its only commit, and that is offline."""
    repository = tmp_path / "home" / "hub" / "models--org--tiny"
    shutil.copytree(source, repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    environment = os.environ | {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", HUB_SCRIPT, str(tmp_path / "out"), options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("options", ["{}", "{'revision': 'main'}", f"{{'revision': {COMMIT!r}}}"])
def test_hub_id_in_the_cache_is_exported_offline(tiny_checkpoint: Path, tmp_path: Path, options: str) -> None:
    done = export_from_cache(tiny_checkpoint, tmp_path, options)
    assert done.stdout.strip() == f"org/tiny {COMMIT}", done.stderr
    bundle = Bundle.open(tmp_path / "out")
    bundle.verify()
    assert "base_model: org/tiny" in (bundle.path / "README.md").read_text(encoding="utf-8")


def test_revision_that_is_not_in_the_cache(tiny_checkpoint: Path, tmp_path: Path) -> None:
    done = export_from_cache(tiny_checkpoint, tmp_path, "{'revision': 'other'}")
    assert done.returncode == 1
    assert "CheckpointNotFoundError" in done.stderr
    assert "not in the cache" in done.stderr
    assert not (tmp_path / "out").exists()


def test_folder_never_touches_the_network(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    export(tiny_checkpoint, tmp_path / "out").verify()


def test_path_of_other_scripts_and_as_text(tiny_checkpoint: Path, tmp_path: Path) -> None:
    source = shutil.copytree(tiny_checkpoint, tmp_path / "modèle 束")
    bundle = export(str(source), str(tmp_path / "Bündel 束"))
    assert bundle.manifest.provenance.source == "modèle 束"
    assert len(claxon.Encoder.load(bundle.path).encode(["great"])) == 1


def test_missing_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(CheckpointNotFoundError):
        export(tmp_path / "nothing", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
