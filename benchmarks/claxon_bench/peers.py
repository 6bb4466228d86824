"""Makes the virtual environments of the peers: ``python -m claxon_bench.peers [NAME …]``.

One environment for each file in ``benchmarks/peers``, of the Python that runs this. What is there and up to date is
left alone. A line ``# without: NAME`` in a file takes a package out again after the installation.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from claxon_bench.environments import PEERS_FOLDER, python_in

CHECKOUT = Path(__file__).resolve().parents[2]
REQUIREMENTS = CHECKOUT / "benchmarks" / "peers"
STAMP = "installed.txt"
WITHOUT = "# without:"


def main(words: Sequence[str] | None = None) -> int:
    """Make the environments; 1 if one could not be made, after all others were."""
    known = sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))
    parser = argparse.ArgumentParser(prog="python -m claxon_bench.peers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", metavar="NAME", nargs="*", choices=[*known, []], help=f"of {', '.join(known)}")
    parser.add_argument("--folder", type=Path, default=PEERS_FOLDER, help=f"default: {PEERS_FOLDER}")
    options = parser.parse_args(words)
    failed = [name for name in options.names or known if not make(name, options.folder)]
    if failed:
        print(f"could not be made: {', '.join(failed)}; their engines will say so", file=sys.stderr)
    return 1 if failed else 0


def make(name: str, folder: Path) -> bool:
    """Make one environment unless it is there as its file says; whether it is."""
    content = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    environment = (folder / name).absolute()
    stamp, wanted = environment / STAMP, f"{sys.version}\n{content}"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        print(f"{name}: up to date")
        return True
    print(f"{name}: installing", flush=True)
    shutil.rmtree(environment, ignore_errors=True)
    venv.create(environment, with_pip=True)
    is_installed = _pip(environment, "install", "--requirement", str(REQUIREMENTS / f"{name}.txt"))
    unwanted = removed_packages(content)
    if is_installed and unwanted:
        is_installed = _pip(environment, "uninstall", "--yes", *unwanted)
    if is_installed:
        stamp.write_text(wanted, encoding="utf-8")
    return is_installed


def removed_packages(content: str) -> list[str]:
    """What a file of requirements takes out again."""
    lines = [line for line in content.splitlines() if line.startswith(WITHOUT)]
    return [name for line in lines for name in line.removeprefix(WITHOUT).split()]


def _pip(environment: Path, *words: str) -> bool:
    command = [str(python_in(environment)), "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    return subprocess.run(command, cwd=CHECKOUT, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
