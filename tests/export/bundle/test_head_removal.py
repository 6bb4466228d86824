"""One head less: the folder is whole before and after."""

from __future__ import annotations

from pathlib import Path

import pytest

import claxon
from claxon.bundle.bundle import Bundle
from claxon.errors import BundleNotFoundError, IntegrityError, OptionError
from claxon_export.bundle import head_files
from claxon_export.bundle.head_removal import remove_head
from claxon_export.errors import ExportError
from tests.training import fit_words


def test_the_others_stay_byte_for_byte(copied_bundle: Path) -> None:
    before = Bundle.open(copied_bundle).manifest
    after = remove_head(copied_bundle, "topic")
    assert [head.name for head in after.manifest.heads] == ["sentiment"]
    gone = {name for name in before.files if name not in after.manifest.files}
    assert gone == {"heads/topic.onnx"}
    assert not (copied_bundle / "heads" / "topic.onnx").exists()
    same = after.manifest.files.keys() - {"README.md"}
    assert all(after.manifest.files[name] == before.files[name] for name in same)
    assert "topic" not in (copied_bundle / "README.md").read_text(encoding="utf-8")
    after.verify()


def test_the_last_one_leaves_an_encoder(bundle: Path, exported: Path) -> None:
    fit_words(bundle)
    assert remove_head(bundle, "mood").manifest == Bundle.open(exported).manifest
    assert claxon.Encoder.load(bundle).encode(["a book"]).shape[0] == 1


@pytest.mark.parametrize(
    ("heads", "listed"), [(True, "its heads are: sentiment, topic"), (False, "its heads are: none")]
)
def test_an_unknown_name_is_refused(heads: bool, listed: str, tiny_bundle: Path, exported: Path) -> None:
    with pytest.raises(OptionError, match=f"has no head 'stars'; {listed}"):
        remove_head(tiny_bundle if heads else exported, "stars")


def test_a_failure_leaves_the_bundle_as_it_was(copied_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = Bundle.open(copied_bundle).digest
    monkeypatch.setattr(head_files, "seal", full)
    with pytest.raises(ExportError, match="No space left on device; nothing was changed"):
        remove_head(copied_bundle, "topic")
    assert Bundle.open(copied_bundle).digest == before
    assert [path.name for path in copied_bundle.parent.iterdir() if path.name.endswith(".tmp")] == []


def test_a_changed_file_is_not_carried_over(copied_bundle: Path) -> None:
    path = copied_bundle / "heads" / "sentiment.onnx"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match="is not the file that the manifest describes"):
        remove_head(copied_bundle, "topic")
    assert (copied_bundle / "heads" / "topic.onnx").exists()


def test_a_link_to_a_bundle_stays_a_link(copied_bundle: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(copied_bundle)
    remove_head(link, "topic")
    assert link.is_symlink()
    assert [head.name for head in Bundle.open(copied_bundle).manifest.heads] == ["sentiment"]


def test_removing_a_head_without_a_bundle_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFoundError):
        remove_head(tmp_path, "topic")
