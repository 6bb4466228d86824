"""Removes a head from a bundle."""

from __future__ import annotations

import os

from claxon.bundle.bundle import Bundle
from claxon_export.bundle.head_files import without_head


def remove_head(bundle: str | os.PathLike[str], name: str) -> Bundle:
    """Remove a head from a bundle. The last one may be removed: an encoder alone is a bundle.

    Args:
        bundle: The bundle's folder; it is replaced at once.
        name: The head's name.

    Raises:
        OptionError: the bundle has no head of that name; the message lists those it has.
        HeadError: the bundle was changed in the meantime.
        BundleError: the bundle is incomplete or damaged.
        ExportError: the folder cannot be written to.
    """
    return without_head(bundle, name)
