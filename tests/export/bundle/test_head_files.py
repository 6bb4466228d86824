"""Heads as files: names, and a bundle that gets one more of them at once or not at all."""

from __future__ import annotations

import dataclasses
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import claxon
from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import MANIFEST_NAME, Feature, Manifest
from claxon.errors import IntegrityError, OptionError
from claxon_export.bundle import head_files
from claxon_export.bundle.head_files import check_head_is_new, check_head_name, with_head, without_head, write_head
from claxon_export.bundle.seal import seal
from claxon_export.errors import ExportError, HeadError
from claxon_export.heads import HeadGraph, estimator_head
from claxon_export.pipeline import export
from tests.checkpoints import WIDTH


@pytest.fixture(scope="module")
def head() -> HeadGraph:
    return head_of(("bad", "good"))


def head_of(labels: tuple[str, str], seed: int = 0) -> HeadGraph:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(40, WIDTH))
    targets = np.where(features[:, 0] > 0, *labels)
    return estimator_head(LogisticRegression().fit(features, targets), feature=Feature.EMBEDDING, width=WIDTH)


@pytest.fixture
def bundle(tiny_classifier: Path, tmp_path: Path) -> Path:
    """A bundle with the head ``classifier`` and an embedding."""
    return export(tiny_classifier, tmp_path / "bundle", pooling="mean", verify=False).path


def names(bundle: Bundle) -> list[str]:
    return [spec.name for spec in bundle.manifest.heads]


@pytest.mark.parametrize("name", ["a", "Sentiment", "stars-5", "v1.2_b", "0", "x" * 64])
def test_names_that_can_be_files(name: str) -> None:
    check_head_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", ".a", "-a", "a/b", "a\\b", "a b", "ä", "a\n", "a\0", "x" * 65, "../a"])
def test_names_that_cannot(name: str, bundle: Path, head: HeadGraph) -> None:
    with pytest.raises(OptionError, match="expected 1 to 64 letters"):
        check_head_name(name)
    with pytest.raises(OptionError, match="expected 1 to 64 letters"):
        with_head(bundle, name, head, force=True)


def test_write_head_describes_what_it_wrote(head: HeadGraph, tmp_path: Path) -> None:
    spec = write_head(head, "sentiment", tmp_path)
    assert (tmp_path / "heads" / "sentiment.onnx").read_bytes() == head.graph
    assert (spec.name, spec.file) == ("sentiment", "heads/sentiment.onnx")
    assert (spec.kind, spec.feature, spec.labels, spec.scores) == (head.kind, head.feature, head.labels, head.scores)
    assert (spec.parity, spec.details, spec.temperature) == (head.parity, dict(head.details), None)


def test_head_is_added_behind_the_others(bundle: Path, head: HeadGraph) -> None:
    before = Bundle.open(bundle)
    after = with_head(bundle, "sentiment", head)
    after.verify()
    assert names(after) == ["classifier", "sentiment"]
    assert after.digest != before.digest
    assert after.manifest.encoder == before.manifest.encoder
    assert after.manifest.provenance == before.manifest.provenance
    for name in ("encoder.onnx", "encoder.safetensors", "tokenizer.json", "heads/classifier.onnx"):
        assert after.manifest.files[name] == before.manifest.files[name], name
    assert "**sentiment**" in (bundle / "README.md").read_text(encoding="utf-8")
    assert sorted(path.name for path in bundle.parent.iterdir()) == ["bundle"]


def test_added_head_answers(bundle: Path, head: HeadGraph) -> None:
    with_head(bundle, "sentiment", head)
    classifier = claxon.load(bundle, head="sentiment")
    assert classifier.labels == ("bad", "good")
    result = classifier.predict_proba(["great book", "awful"])
    np.testing.assert_allclose(result.sum(axis=1), 1, rtol=0, atol=1e-6)


def test_taken_name_needs_force(bundle: Path, head: HeadGraph) -> None:
    before = Bundle.open(bundle).digest
    with pytest.raises(HeadError, match="has a head 'classifier'; give --force"):
        with_head(bundle, "classifier", head)
    assert Bundle.open(bundle).digest == before


def test_force_replaces_the_head_at_its_place(bundle: Path, head: HeadGraph) -> None:
    with_head(bundle, "sentiment", head)
    after = with_head(bundle, "classifier", head_of(("x", "y")), force=True)
    after.verify()
    assert names(after) == ["classifier", "sentiment"]
    assert after.manifest.heads[0].labels == ("x", "y")


def test_file_of_a_replaced_head_goes_whatever_its_name(bundle: Path, head: HeadGraph) -> None:
    opened = Bundle.open(bundle)
    (bundle / "heads" / "classifier.onnx").rename(bundle / "heads" / "older-name.onnx")
    spec = dataclasses.replace(opened.manifest.heads[0], file="heads/older-name.onnx")
    seal(bundle, opened.manifest.encoder, (spec,), opened.manifest.provenance)
    after = with_head(bundle, "classifier", head, force=True)
    assert [name for name in after.manifest.files if name.startswith("heads/")] == ["heads/classifier.onnx"]


def test_check_head_is_new(bundle: Path) -> None:
    opened = Bundle.open(bundle)
    check_head_is_new(opened, "sentiment", force=False)
    check_head_is_new(opened, "classifier", force=True)
    with pytest.raises(HeadError, match="another name"):
        check_head_is_new(opened, "classifier", force=False)


def test_feature_that_the_bundle_has_not(tiny_classifier: Path, tmp_path: Path, head: HeadGraph) -> None:
    plain = export(tiny_classifier, tmp_path / "plain", verify=False)
    with pytest.raises(HeadError, match=r"reads <?.*embedding.*gives cls, mean"):
        with_head(plain.path, "sentiment", head)
    assert Bundle.open(plain.path).digest == plain.digest


@pytest.mark.parametrize("name", ["encoder.safetensors", "tokenizer.json", "heads/classifier.onnx"])
def test_damaged_file_is_not_sealed_as_if_it_were_whole(bundle: Path, head: HeadGraph, name: str) -> None:
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    with pytest.raises(IntegrityError, match=Path(name).name):
        with_head(bundle, "sentiment", head)
    assert names(Bundle.open(bundle)) == ["classifier"]
    assert sorted(path.name for path in bundle.parent.iterdir()) == ["bundle"]


def test_error_on_the_way_leaves_the_bundle(bundle: Path, head: HeadGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = Bundle.open(bundle).digest
    monkeypatch.setattr(head_files, "seal", fail)
    with pytest.raises(ExportError, match="No space left on device"):
        with_head(bundle, "sentiment", head)
    assert Bundle.open(bundle).digest == before


def test_link_to_a_bundle_stays_a_link(bundle: Path, head: HeadGraph, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(bundle)
    with_head(link, "sentiment", head)
    assert link.is_symlink()
    assert names(Bundle.open(bundle)) == ["classifier", "sentiment"]


def test_working_folder_itself(bundle: Path, head: HeadGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bundle)
    with_head(bundle, "sentiment", head)
    assert names(Bundle.open(bundle)) == ["classifier", "sentiment"]


def test_read_only_files_are_replaced_by_writable_ones(bundle: Path, head: HeadGraph) -> None:
    for path in bundle.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
    with_head(bundle, "sentiment", head)
    assert all(os.stat(path).st_mode & 0o200 for path in bundle.rglob("*"))  # noqa: PTH116


def test_copy_elsewhere_is_not_touched(bundle: Path, head: HeadGraph, tmp_path: Path) -> None:
    copy = shutil.copytree(bundle, tmp_path / "copy")
    with_head(bundle, "sentiment", head)
    assert names(Bundle.open(copy)) == ["classifier"]


def test_readers_see_the_bundle_before_or_after(bundle: Path, head: HeadGraph) -> None:
    added = [f"head-{i}" for i in range(6)]
    states = [["classifier", *added[:count]] for count in range(len(added) + 1)]
    stop = threading.Event()
    manifests: list[list[str]] = []
    wholes: list[list[str]] = []

    def read() -> None:
        while not stop.is_set():
            content = (bundle / MANIFEST_NAME).read_bytes()
            manifests.append([spec.name for spec in Manifest.from_json(content).heads])
            try:
                opened = Bundle.open(bundle)
                opened.verify()
            except IntegrityError:
                continue  # the folder was replaced while it was being read: told apart from a whole one
            wholes.append(names(opened))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for name in added:
            with_head(bundle, name, head)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert len(wholes) > len(added)
    assert all(result in states for result in [*manifests, *wholes])
    assert names(Bundle.open(bundle)) == states[-1]


def test_classifier_that_was_loaded_before_goes_on(bundle: Path, head: HeadGraph) -> None:
    classifier = claxon.load(bundle)
    before = classifier.predict_proba(["great book"])
    with_head(bundle, "sentiment", head)
    np.testing.assert_array_equal(classifier.predict_proba(["great book"]), before)


def test_a_bundle_that_was_changed_meanwhile_is_left_as_it_is(bundle: Path, head: HeadGraph) -> None:
    opened = Bundle.open(bundle)
    after = with_head(opened, "other", head)
    message = "was changed by another process, so it was not modified; try again"
    with pytest.raises(HeadError, match=message):
        with_head(opened, "sentiment", head)
    with pytest.raises(HeadError, match=message):
        without_head(opened, "classifier")
    assert Bundle.open(bundle).digest == after.digest
    assert sorted(path.name for path in bundle.parent.iterdir()) == ["bundle"]


def test_a_bundle_that_is_gone_does_not_come_back(
    bundle: Path, head: HeadGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sealed(*words: Any) -> Manifest:
        result = seal(*words)
        bundle.rename(bundle.with_name("moved"))
        return result

    monkeypatch.setattr(head_files, "seal", sealed)
    with pytest.raises(HeadError, match="changed by another process"):
        with_head(bundle, "sentiment", head)
    assert [path.name for path in bundle.parent.iterdir()] == ["moved"]


def test_a_disk_that_gives_back_other_bytes_is_noticed(
    bundle: Path, head: HeadGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.write_bytes

    def short(self: Path, content: Any) -> int:
        return real(self, content[:-1] if self.name == "tokenizer.json" else content)

    before = Bundle.open(bundle).digest
    monkeypatch.setattr(Path, "write_bytes", short)
    with pytest.raises(HeadError, match=r"tokenizer\.json in .* differs from what was written"):
        with_head(bundle, "sentiment", head)
    assert Bundle.open(bundle).digest == before
