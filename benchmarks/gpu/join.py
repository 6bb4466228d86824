"""``python join.py PARTS SITE``: pieces of wheels, or wheels, in one folder -> packages in another, for ``PYTHONPATH``.

Runs by path with the standard library alone, also where there is no pip: a wheel is a zip archive.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path


def main(words: list[str]) -> int:
    """Join ``part-*`` to wheels, and unpack every wheel; 1 if something is no wheel."""
    if len(words) != 2:
        print((__doc__ or "").partition("\n")[0], file=sys.stderr)
        return 2
    parts, site = Path(words[0]), Path(words[1])
    pieces = sorted(parts.glob("part-*"))
    if pieces:
        with (parts / "joined.whl").open("wb") as joined:
            for piece in pieces:
                joined.write(piece.read_bytes())
    wheels = sorted(parts.glob("*.whl"))
    if not wheels:
        print(f"join: {parts} holds no part-* and no *.whl", file=sys.stderr)
        return 1
    try:
        for wheel in wheels:
            unpack(wheel, site)
    except zipfile.BadZipFile as error:
        print(f"join: {wheel.name} is no whole wheel ({error}); are all pieces there?", file=sys.stderr)
        return 1
    print(f"unpacked into {site}: {', '.join(wheel.name for wheel in wheels)}")
    return 0


def unpack(wheel: Path, site: Path) -> None:
    """The packages of a wheel, its checksums compared.

    Raises:
        BadZipFile: it is damaged, or a name in it leads out of the folder.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            damaged = archive.testzip()
    except (OSError, ValueError) as error:  # what it raises for places that are not in the file
        raise zipfile.BadZipFile(str(error)) from None
    if damaged is not None:
        raise zipfile.BadZipFile(f"{damaged} is damaged")
    with zipfile.ZipFile(wheel) as archive:
        names = [Path(name) for name in archive.namelist()]
        if any(name.is_absolute() or ".." in name.parts for name in names):
            raise zipfile.BadZipFile("a name in it leads out of the folder")
        archive.extractall(site)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
