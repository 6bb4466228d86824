from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from claxon.errors import BundleError

pytest.importorskip("atheris", reason="atheris has wheels for Linux on x86-64 only")

from reliability.fuzz_process import Finder
from reliability.fuzz_targets import Target


class Planted:
    """Stands for a target: fails as its content says."""

    def try_once(self, content: bytes) -> None:
        if content == b"refused":
            raise BundleError("as it should be")
        if content.startswith(b"lookup"):
            raise LookupError("what nobody expects")
        if content == b"panic":
            raise BaseException("as native code does")
        if content == b"stop":
            raise KeyboardInterrupt


def finder(folder: Path) -> Finder:
    return Finder(cast(Target, Planted()), folder)


def test_what_fails_in_a_new_way_is_kept_once(tmp_path: Path) -> None:
    found = finder(tmp_path / "found")
    for content in (b"fine", b"refused", b"lookup 1", b"lookup 2", b"panic"):
        found.try_once(content)
    finder(tmp_path / "found").try_once(b"lookup 3")
    kept = sorted((tmp_path / "found").iterdir())
    assert [path.suffix for path in kept] == [".content", ".txt"] * 2
    assert [path.read_bytes() for path in kept if path.suffix == ".content"] == [b"panic", b"lookup 1"]
    assert "LookupError: what nobody expects" in kept[3].read_text()


def test_an_interruption_is_none_of_what_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        finder(tmp_path).try_once(b"stop")


def test_a_process_fuzzes_and_tells_its_figures(small_bundle: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "reliability.fuzz_process", "manifest", str(small_bundle), str(tmp_path)]
    flags = ["-seed=1", "-runs=40", "-timeout=10", "-print_final_stats=1"]
    done = subprocess.run([*words, *flags], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "stat::number_of_executed_units: " in done.stderr
    assert len(list((tmp_path / "corpus").iterdir())) >= 5
    assert list((tmp_path / "found").iterdir()) == []
