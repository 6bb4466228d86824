"""Local folders as they are, Hub ids from the cache; nothing here reaches a network."""

from __future__ import annotations

import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from claxon.errors import MissingDependencyError, OptionError
from claxon_export.checkpoint.hub import Snapshot, fetch, read_json
from claxon_export.errors import CheckpointError, CheckpointNotFoundError

huggingface_hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")

OLD_COMMIT = "0" * 39 + "1"
COMMIT = "0" * 39 + "2"
REPOSITORY = "models--org--tiny"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Hub's cache with one repository of two commits, and no way out."""
    repository = tmp_path / "hub" / REPOSITORY
    for commit in (OLD_COMMIT, COMMIT):
        snapshot = repository / "snapshots" / commit
        snapshot.mkdir(parents=True)
        (snapshot / "config.json").write_text("{}")
        (snapshot / "model.safetensors").write_bytes(b"")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def _forbid_download(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise AssertionError("the Hub was asked")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)


def test_a_folder_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _forbid_download(monkeypatch)
    (tmp_path / "my-model").mkdir()
    monkeypatch.chdir(tmp_path)
    assert fetch("my-model") == Snapshot(Path("my-model"), "my-model", None)


def test_a_folder_of_the_cache_keeps_its_name_and_commit(cache: Path) -> None:
    folder = cache / REPOSITORY / "snapshots" / COMMIT
    assert fetch(str(folder)) == Snapshot(folder, "org/tiny", COMMIT)
    assert fetch(str(folder), revision=COMMIT).revision == COMMIT


def test_a_folder_has_no_revision(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="has no revisions: leave it out"):
        fetch(str(tmp_path), revision="main")


@pytest.mark.parametrize("source", ["./none", "/none", "~/none-at-all", "none/", "a/b/c", "a\\b"])
def test_a_missing_path_is_said_to_be_missing(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _forbid_download(monkeypatch)
    with pytest.raises(CheckpointNotFoundError, match="no folder"):
        fetch(source)


def test_a_file_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointNotFoundError, match="is a file"):
        fetch(str(tmp_path / "model.safetensors"))


@pytest.mark.parametrize(("revision", "commit"), [(None, COMMIT), ("main", COMMIT), (OLD_COMMIT, OLD_COMMIT)], ids=str)
def test_a_hub_id_comes_from_the_cache_offline(cache: Path, revision: str | None, commit: str) -> None:
    expected = Snapshot(cache / REPOSITORY / "snapshots" / commit, "org/tiny", commit)
    assert fetch("org/tiny", revision=revision) == expected


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(("source", "revision"), [("org/absent", None), ("org/tiny", "v9"), ("absent", None)])
def test_what_is_not_in_the_cache_is_named(source: str, revision: str | None) -> None:
    with pytest.raises(CheckpointNotFoundError, match=r"not in the cache.*local folder") as caught:
        fetch(source, revision=revision)
    assert source in str(caught.value)
    assert revision is None or revision in str(caught.value)


def test_a_malformed_id_is_named() -> None:
    with pytest.raises(CheckpointNotFoundError, match="organization/name"):
        fetch("what is this")


def test_the_environment_points_to_the_cache(cache: Path) -> None:
    """HF_HOME is read when huggingface_hub is imported: only a new process shows that it counts."""
    code = "from claxon_export.checkpoint.hub import fetch; print(fetch('org/tiny').revision)"
    environment = {"HF_HOME": str(cache.parent), "HF_HUB_OFFLINE": "1", "PYTHONPATH": ":".join(sys.path)}
    shown = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == COMMIT


REPOSITORY_FILES = {
    "config.json": True,
    "tokenizer.json": True,
    "vocab.txt": True,
    "modules.json": True,
    "sentence_bert_config.json": True,
    "1_Pooling/config.json": True,
    "model.safetensors": True,
    "model-00001-of-00002.safetensors": True,
    "model.safetensors.index.json": True,
    "pytorch_model.bin": False,
    "rust_model.ot": False,
    "tf_model.h5": False,
    "README.md": True,
    "onnx/model.onnx": False,
    "onnx/config.json": False,
    "openvino/openvino_model.bin": False,
    "model.fp16.safetensors": False,
    "train_script.py": False,
}


def _record_patterns(monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[list[str]]:
    calls: list[list[str]] = []

    def record(_: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        assert revision == "v1"
        calls.append(allow_patterns)
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", record)
    return calls


def test_only_needed_files_are_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    calls = _record_patterns(monkeypatch, tmp_path)
    assert fetch("org/tiny", revision="v1") == Snapshot(tmp_path, "org/tiny", tmp_path.name)
    assert len(calls) == 1
    fetched = {name: any(fnmatch(name, pattern) for pattern in calls[0]) for name in REPOSITORY_FILES}
    assert fetched == REPOSITORY_FILES


def test_pickles_are_fetched_only_without_safetensors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _record_patterns(monkeypatch, tmp_path)
    fetch("org/tiny", revision="v1")
    assert [("pytorch_model.bin" in patterns) for patterns in calls] == [False, True]


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("GatedRepoError", "accept the terms"),
        ("RepositoryNotFoundError", "check the spelling"),
        ("RevisionNotFoundError", "a branch, a tag"),
        ("HfHubHTTPError", "check the connection"),
    ],
)
def test_each_failure_says_what_to_do(name: str, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = pytest.importorskip("requests")
    error = getattr(huggingface_hub.errors, name)("401 Client Error", response=requests.Response())

    def fail(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(CheckpointNotFoundError, match=advice) as caught:
        fetch("org/tiny")
    assert "local folder" in str(caught.value)
    assert caught.value.__cause__ is error


def test_a_full_disk_is_not_blamed_on_the_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(OSError, match="No space left") as caught:
        fetch("org/tiny")
    assert not isinstance(caught.value, CheckpointError)


def test_without_huggingface_hub_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'claxon\[export\]'"):
        fetch("org/tiny")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[1]", "expected an object"),
        (None, "no config.json"),
    ],
)
def test_json_that_is_none(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "config.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        read_json(path)
