"""Writes heads as files of a bundle, and copies bundles with one head more or less."""

from __future__ import annotations

import os
import re
from contextlib import AbstractContextManager
from pathlib import Path

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import FileEntry, HeadSpec
from claxon.errors import BundleError, OptionError
from claxon.heads.heads import check_has_head
from claxon_export.bundle.atomic_folder import check_target, whole_folder
from claxon_export.bundle.seal import CARD_NAME, seal
from claxon_export.errors import HeadError
from claxon_export.heads import HeadGraph

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_head_name(name: str) -> None:
    """Raise ``OptionError`` unless the name is a valid file name."""
    if not NAME.fullmatch(name):
        raise OptionError(f"head name {name!r}: expected 1 to 64 letters, digits, dots, dashes or underscores")


def write_head(head: HeadGraph, name: str, folder: Path) -> HeadSpec:
    """Write the head's graph into the bundle's folder and return its manifest entry."""
    file = f"heads/{name}.onnx"
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_bytes(head.graph)
    return HeadSpec(
        name=name,
        kind=head.kind,
        feature=head.feature,
        file=file,
        labels=head.labels,
        scores=head.scores,
        temperature=head.temperature,
        parity=head.parity,
        details=dict(head.details),
        thresholds=head.thresholds,
    )


def check_head_is_new(bundle: Bundle, name: str, *, force: bool) -> None:
    """Raise before any work is done if the head could not be added.

    Raises:
        OptionError: the name cannot be a file's name.
        HeadError: the bundle has a head of that name, and ``force`` was not given.
        ExportError: the folder around the bundle cannot be written to.
    """
    check_head_name(name)
    check_target(bundle.path.resolve(), force=True)
    if not force and any(head.name == name for head in bundle.manifest.heads):
        raise HeadError(f"{bundle.path} has a head {name!r}; give --force (force=True) to replace it, or another name")


def with_head(bundle: Bundle | str | os.PathLike[str], name: str, head: HeadGraph, *, force: bool = False) -> Bundle:
    """Add a head; the folder is replaced atomically, so readers see the bundle before or after.

    Args:
        bundle: That which the head was made for, or its folder, if the head could be for any.
        name: The head's.
        head: Its graph.
        force: Replace a head of that name.

    Raises:
        HeadError: the head does not fit the encoder, the name is taken and ``force`` was not given, or the folder holds
            another bundle now, which is not changed.
        BundleError: the bundle is incomplete or damaged.
    """
    bundle = _opened(bundle)
    check_head_is_new(bundle, name, force=force)
    if head.feature not in bundle.manifest.encoder.features:
        available = ", ".join(bundle.manifest.encoder.features)
        raise HeadError(f"the head reads {head.feature!r}, but {bundle.path} gives {available}")
    specs = {spec.name: spec for spec in bundle.manifest.heads}
    replaced = {specs[name].file} if name in specs else set()
    _check_unchanged(bundle)
    with _next(bundle) as folder:
        kept = _copy(bundle, replaced, folder)
        specs[name] = write_head(head, name, folder)
        _seal(bundle, folder, tuple(specs.values()), kept)
    return Bundle.open(bundle.path)


def without_head(bundle: Bundle | str | os.PathLike[str], name: str) -> Bundle:
    """Remove a head; the folder is replaced atomically, as by ``with_head``.

    Raises:
        OptionError: the bundle has no head of that name; the message lists those it has.
        HeadError: the folder holds another bundle now, which is not changed.
        BundleError: the bundle is incomplete or damaged.
    """
    bundle = _opened(bundle)
    specs = {spec.name: spec for spec in bundle.manifest.heads}
    check_has_head(bundle, name, list(specs))
    file = specs.pop(name).file
    removed = {file} - {spec.file for spec in specs.values()}
    _check_unchanged(bundle)
    with _next(bundle) as folder:
        kept = _copy(bundle, removed, folder)
        _seal(bundle, folder, tuple(specs.values()), kept)
    return Bundle.open(bundle.path)


def _opened(bundle: Bundle | str | os.PathLike[str]) -> Bundle:
    return bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)


def _next(bundle: Bundle) -> AbstractContextManager[Path]:
    """Yield the folder that replaces the bundle, if it is unchanged since it was opened; a link stays a link."""
    return whole_folder(bundle.path.resolve(), force=True, check=lambda: _check_unchanged(bundle))


def _check_unchanged(bundle: Bundle) -> None:
    """Raise ``HeadError`` if the folder changed since it was opened, so that another writer's heads are not lost."""
    try:
        is_same = Bundle.open(bundle.path).digest == bundle.digest
    except BundleError:
        is_same = False
    if not is_same:
        raise HeadError(f"{bundle.path} was changed by another process, so it was not modified; try again")


def _copy(bundle: Bundle, but: set[str], folder: Path) -> dict[str, FileEntry]:
    """Copy the files of a bundle except some, checking the written bytes against the manifest."""
    kept = {name: entry for name, entry in bundle.manifest.files.items() if name not in {*but, CARD_NAME}}
    for name in kept:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        # Not tofile: what the C library still holds when the disk is full is lost there without an error.
        (folder / name).write_bytes(bundle.read(name).data)
    return kept


def _seal(bundle: Bundle, folder: Path, heads: tuple[HeadSpec, ...], kept: dict[str, FileEntry]) -> None:
    """Write card and manifest; copied files must read back unchanged."""
    sealed = seal(folder, bundle.manifest.encoder, heads, bundle.manifest.provenance)
    for name, entry in kept.items():
        if sealed.files.get(name) != entry:
            raise HeadError(f"{name} in {folder} differs from what was written; nothing was changed")
