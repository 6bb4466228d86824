"""A bundle's folder: read as it is listed, and every tampering a typed error before any graph is loaded."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import MANIFEST_NAME, Manifest
from claxon.engine.session import Session
from claxon.errors import BundleError, BundleNotFoundError, IntegrityError, OptionError
from tests.bundles import reseal, sample_manifest

FILES = {
    "encoder.onnx": b"graph",
    "heads/stars.onnx": b"head",
    "heads/topic.onnx": b"",
    "tokenizer.json": b"{}",
    "weights.safetensors": b"\0" * 4096,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle whose files are a few bytes: enough to be opened and checked, nothing to run."""
    found = tmp_path / "bundle"
    for name, content in FILES.items():
        (found / name).parent.mkdir(parents=True, exist_ok=True)
        (found / name).write_bytes(content)
    (found / MANIFEST_NAME).write_bytes(sample_manifest().to_json())
    reseal(found)
    return found


@pytest.fixture
def no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("a graph was given to ONNX Runtime")

    monkeypatch.setattr(Session, "__init__", refuse)


def test_an_opened_bundle(folder: Path) -> None:
    bundle = Bundle.open(str(folder))
    content = (folder / MANIFEST_NAME).read_bytes()
    assert bundle.path == folder
    assert bundle.manifest == Manifest.from_json(content)
    assert bundle.digest == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_as_bytes(name: str, folder: Path) -> None:
    content = Bundle.open(folder).read(name)
    assert content.dtype == np.uint8
    assert content.tobytes() == FILES[name]


@pytest.mark.parametrize("name", ["other.onnx", MANIFEST_NAME, "../x", ""])
def test_a_file_that_is_not_listed_is_not_read(name: str, folder: Path) -> None:
    bundle = Bundle.open(folder)
    with pytest.raises(IntegrityError, match="is not listed in the manifest"):
        bundle.read(name)
    with pytest.raises(IntegrityError, match="is not listed in the manifest"):
        bundle.verify({name})


def test_a_whole_bundle_is_verified(folder: Path) -> None:
    Bundle.open(folder).verify()


@pytest.mark.parametrize("name", [name for name, content in FILES.items() if content])
def test_a_change_after_opening_is_found_when_the_file_is_used(name: str, folder: Path) -> None:
    bundle = Bundle.open(folder)
    (folder / name).write_bytes(FILES[name][:-1] + b"\xff")
    for check in (bundle.verify, lambda: bundle.read(name), lambda: bundle.verify({name})):
        with pytest.raises(IntegrityError, match="is not the file that the manifest describes"):
            check()
    bundle.verify(set(FILES) - {name})


@pytest.mark.parametrize("content", [b"grap", b"graphs", b""])
def test_a_size_changed_after_opening_is_detected(content: bytes, folder: Path) -> None:
    bundle = Bundle.open(folder)
    (folder / "encoder.onnx").write_bytes(content)
    with pytest.raises(IntegrityError, match=r"encoder\.onnx is not the file"):
        bundle.read("encoder.onnx")


def test_a_file_that_vanished_after_opening_is_told(folder: Path) -> None:
    bundle = Bundle.open(folder)
    (folder / "encoder.onnx").unlink()
    with pytest.raises(IntegrityError, match=r"encoder\.onnx cannot be read: No such file"):
        bundle.read("encoder.onnx")


def test_a_link_put_in_after_opening_is_not_followed(folder: Path, tmp_path: Path) -> None:
    bundle = Bundle.open(folder)
    (folder / "encoder.onnx").rename(tmp_path / "moved")
    (folder / "encoder.onnx").symlink_to(tmp_path / "moved")
    with pytest.raises(IntegrityError, match="is a link, not a plain file"):
        bundle.read("encoder.onnx")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda _: None, "is not a folder"),
        (lambda path: path.mkdir(), f"has no {MANIFEST_NAME}"),
        (lambda path: path.write_text("{}"), "is not a folder"),
    ],
    ids=["nothing", "an empty folder", "a file"],
)
def test_a_folder_that_is_not_a_bundle_is_refused(make: Callable[[Path], object], problem: str, tmp_path: Path) -> None:
    make(tmp_path / "there")
    with pytest.raises(BundleNotFoundError, match=f"{problem}; expected a bundle, as `claxon export SOURCE"):
        Bundle.open(tmp_path / "there")


def test_a_folder_that_cannot_be_listed_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(BundleError, match="cannot be listed: Permission denied"):
        Bundle.open(folder)


def test_links_to_the_folder_itself_are_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(folder)
    Bundle.open(tmp_path / "latest").verify()


@pytest.mark.parametrize("name", [*FILES, MANIFEST_NAME])
def test_a_hard_link_is_refused_whichever_file_it_is(name: str, folder: Path, tmp_path: Path) -> None:
    os.link(folder / name, tmp_path / "other")
    with pytest.raises(
        IntegrityError, match=f"{name} is a hard link, its file has 2 names; copy .*--no-preserve=links"
    ):
        Bundle.open(folder)
    (tmp_path / "other").unlink()
    Bundle.open(folder)


def test_a_hard_link_made_after_opening_is_refused(folder: Path, tmp_path: Path) -> None:
    bundle = Bundle.open(folder)
    os.link(folder / "encoder.onnx", tmp_path / "other")
    for check in (bundle.verify, lambda: bundle.read("encoder.onnx")):
        with pytest.raises(IntegrityError, match=r"encoder\.onnx is a hard link"):
            check()


def test_what_is_read_is_what_was_hashed_whatever_happens_to_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is swapped right after its bytes were hashed, and no byte of the other comes back."""
    bundle, real = Bundle.open(folder), hashlib.sha256

    def swap(content: Any) -> Any:
        found = real(content)
        (folder / "swapped").write_bytes(b"evil!")
        (folder / "swapped").replace(folder / "encoder.onnx")
        return found

    monkeypatch.setattr(hashlib, "sha256", swap)
    assert bundle.read("encoder.onnx").tobytes() == FILES["encoder.onnx"]


def test_the_digest_can_be_pinned(folder: Path) -> None:
    digest = Bundle.open(folder).digest
    assert Bundle.open(folder, expected_digest=digest.upper()).digest == digest
    with pytest.raises(
        IntegrityError, match=f"has the digest {digest}, expected {'0' * 64}: this is a different bundle"
    ):
        Bundle.open(folder, expected_digest="0" * 64)


def test_a_pinned_digest_is_compared_before_the_manifest_is_parsed(folder: Path) -> None:
    (folder / MANIFEST_NAME).write_bytes(b"[" * 100)
    with pytest.raises(IntegrityError, match="this is a different bundle"):
        Bundle.open(folder, expected_digest="0" * 64)


@pytest.mark.parametrize("digest", ["", "0" * 63, "0" * 65, "g" * 64, "0" * 64 + "\n", 3])
def test_an_invalid_expected_digest_is_refused(digest: Any, folder: Path) -> None:
    with pytest.raises(OptionError, match="expected 64 hexadecimal digits, as `claxon inspect` prints them"):
        Bundle.open(folder, expected_digest=digest)


def _replace_whole(folder: Path) -> None:
    """As the exporter does: another folder in its place, at once."""
    other = folder.with_name("other")
    shutil.copytree(folder, other)
    (other / "encoder.onnx").write_bytes(b"other graph")
    reseal(other, lambda manifest: replace(manifest, provenance=replace(manifest.provenance, revision="other")))
    folder.rename(folder.with_name("old"))
    other.rename(folder)


def test_a_bundle_that_is_replaced_after_opening_is_called_that(folder: Path) -> None:
    bundle = Bundle.open(folder)
    _replace_whole(folder)
    for check in (bundle.verify, lambda: bundle.read("encoder.onnx")):
        with pytest.raises(
            IntegrityError,
            match=r"was replaced while it was being read \(encoder\.onnx belongs to another bundle\); try again",
        ):
            check()
    Bundle.open(folder).verify()


def test_a_bundle_that_is_replaced_and_has_lost_a_file_is_called_that(folder: Path) -> None:
    bundle = Bundle.open(folder)
    _replace_whole(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(IntegrityError, match="was replaced while it was being read"):
        bundle.read("tokenizer.json")


def test_a_bundle_that_is_replaced_while_it_is_opened_is_called_that(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Manifest.from_json

    def then_replace(content: bytes) -> Manifest:
        monkeypatch.undo()
        _replace_whole(folder)
        return real(content)

    monkeypatch.setattr(Manifest, "from_json", then_replace)
    with pytest.raises(IntegrityError, match="was replaced while it was being read; try again"):
        Bundle.open(folder)


def test_folders_in_folders_without_end_are_not_walked(folder: Path) -> None:
    (folder / "/".join("d" * 40)).mkdir(parents=True)
    with pytest.raises(IntegrityError, match="is nested deeper than 8 folders"):
        Bundle.open(folder)


def test_a_crowd_of_unlisted_files_is_not_read_to_its_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(50):
        (folder / "heads" / f"{number}").write_bytes(b"")
    looked: list[str] = []
    real = Path.lstat

    def spy(path: Path) -> os.stat_result:
        looked.append(path.name)
        return real(path)

    monkeypatch.setattr(Path, "lstat", spy)
    with pytest.raises(IntegrityError, match=r"heads/\d+ is not listed"):
        Bundle.open(folder)
    assert len(looked) <= len(FILES) + 2


def test_a_size_that_no_file_has_is_refused_before_memory_is_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rewrite(size: int) -> None:
        manifest = json.loads((folder / MANIFEST_NAME).read_bytes())
        manifest["files"]["encoder.onnx"]["size_bytes"] = size
        manifest.pop("seal", None)
        (folder / MANIFEST_NAME).write_text(json.dumps(manifest))

    monkeypatch.setattr(np, "empty", lambda *_: pytest.fail("memory was asked for"))
    rewrite(1 << 35)
    with pytest.raises(IntegrityError, match=r"encoder\.onnx has 5 bytes, the manifest says 34359738368"):
        Bundle.open(folder)
    rewrite(1 << 60)
    with pytest.raises(BundleError, match="invalid size"):
        Bundle.open(folder)


def test_empty_folders_do_no_harm(folder: Path) -> None:
    (folder / "heads" / "empty").mkdir()
    Bundle.open(folder)


def test_a_refused_bundle_leaves_no_file_open(folder: Path) -> None:
    (folder / MANIFEST_NAME).unlink()
    os.mkfifo(folder / MANIFEST_NAME)
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(IntegrityError):
            Bundle.open(folder)
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / MANIFEST_NAME).mkdir()
    for _ in range(5):
        with pytest.raises(BundleError):
            Bundle.open(folder)
    assert len(list(Path("/dev/fd").iterdir())) == before


# Each changes one thing in a real bundle that was whole before.
def _replace_by(make: Callable[[Path], object], name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).rename(folder.parent / "moved")
        make(folder / name)

    return change


def _rewritten(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def rewrite(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST_NAME).read_bytes())
        change(manifest)
        (folder / MANIFEST_NAME).write_text(json.dumps(manifest))

    return rewrite


def _listed_as(name: str) -> Callable[[Path], None]:
    """The tokenizer under another name, which reaches out of the folder."""
    return _rewritten(lambda manifest: manifest["files"].update({name: manifest["files"]["tokenizer.json"]}))  # type: ignore[attr-defined,index]


def _link(path: Path) -> None:
    path.symlink_to(path.parent / "moved" if (path.parent / "moved").exists() else path.parent.parent / "moved")


def _hidden_file(folder: Path) -> None:
    (folder / "heads" / ".extra").write_bytes(b"x")


def _linked_heads(folder: Path) -> None:
    (folder / "heads").rename(folder.parent / "heads")
    (folder / "heads").symlink_to(folder.parent / "heads", target_is_directory=True)


TAMPERINGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a missing file": (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json is missing"),
    "a missing head": (lambda folder: (folder / "heads/topic.onnx").unlink(), "heads/topic.onnx is missing"),
    "an unlisted file": (lambda folder: (folder / "extra.py").write_text("x"), "extra.py is not listed"),
    "a hidden unlisted file": (_hidden_file, "heads/.extra is not listed"),
    "a link": (_replace_by(_link, "encoder.onnx"), "encoder.onnx is a link"),
    "a linked folder": (_linked_heads, "heads is a link"),
    "a FIFO": (_replace_by(os.mkfifo, "encoder.onnx"), "encoder.onnx is a link or a device"),
    "a folder for a file": (_replace_by(Path.mkdir, "encoder.onnx"), "encoder.onnx is missing"),
    "a linked manifest": (_replace_by(_link, MANIFEST_NAME), "manifest.json is a link"),
    "a FIFO for a manifest": (_replace_by(os.mkfifo, MANIFEST_NAME), "manifest.json is a folder or a device"),
    "a folder for a manifest": (_replace_by(Path.mkdir, MANIFEST_NAME), "manifest.json is a folder or a device"),
    "an empty manifest": (lambda folder: (folder / MANIFEST_NAME).write_bytes(b""), "not valid JSON"),
    "another schema": (_rewritten(lambda manifest: manifest.update(schema=99)), "schema 99 is not supported"),
    "an unknown key": (_rewritten(lambda manifest: manifest.update(note="x")), "unknown key 'note'"),
    "a missing key": (_rewritten(lambda manifest: manifest.pop("provenance")), "missing key 'provenance'"),
    "a path out": (_listed_as("../tokenizer.json"), "not a plain path inside the bundle"),
    "an absolute path": (_listed_as("/tokenizer.json"), "not a plain path inside the bundle"),
    "a backward path": (_listed_as("..\\tokenizer.json"), "not a plain path inside the bundle"),
    "a drive": (_listed_as("C:tokenizer.json"), "not a plain path inside the bundle"),
}


@pytest.mark.usefixtures("no_session")
@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_tampered_bundle_is_refused_before_any_graph_is_loaded(tampering: str, copied_bundle: Path) -> None:
    change, message = TAMPERINGS[tampering]
    change(copied_bundle)
    with pytest.raises(BundleError, match=message):
        claxon.load(copied_bundle)


def _shortened(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _lengthened(content: bytes) -> bytes:
    return content + b"\0"


def _flipped(content: bytes) -> bytes:
    """One bit in the middle, where no checker of the format itself looks."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.usefixtures("no_session")
@pytest.mark.parametrize("damage", [_shortened, _lengthened, _flipped])
def test_a_damaged_file_is_refused_whichever_it_is(damage: Callable[[bytes], bytes], copied_bundle: Path) -> None:
    for name in Bundle.open(copied_bundle).manifest.files:
        whole = (copied_bundle / name).read_bytes()
        (copied_bundle / name).write_bytes(damage(whole))
        for load in (claxon.load, claxon.Encoder.load):
            with pytest.raises(IntegrityError, match=name):
                load(copied_bundle)
        (copied_bundle / name).write_bytes(whole)


@pytest.mark.usefixtures("no_session")
def test_a_file_of_a_variant_that_would_not_run_is_checked_as_well(copied_bundle: Path) -> None:
    (copied_bundle / "encoder.int8.onnx").write_bytes(b"graph")
    manifest = reseal(copied_bundle)
    assert replace(manifest).files["encoder.int8.onnx"].size_bytes == 5
    (copied_bundle / "encoder.int8.onnx").write_bytes(b"grapg")
    with pytest.raises(IntegrityError, match=r"encoder\.int8\.onnx"):
        claxon.load(copied_bundle)
