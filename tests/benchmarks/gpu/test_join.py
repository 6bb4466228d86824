from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from gpu.join import main


def write_wheel(path: Path, name: str = "engine/__init__.py") -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "__version__ = '1'\n" * 50)
    return path.read_bytes()


def test_pieces_become_packages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = write_wheel(tmp_path / "whole")
    (tmp_path / "parts").mkdir()
    for number in range(3):
        third = -(-len(content) // 3)
        (tmp_path / f"parts/part-{number:02}").write_bytes(content[number * third : (number + 1) * third])
    assert main([str(tmp_path / "parts"), str(tmp_path / "site")]) == 0
    assert (tmp_path / "site/engine/__init__.py").is_file()
    (tmp_path / "parts/part-01").unlink()
    assert main([str(tmp_path / "parts"), str(tmp_path / "site")]) == 1
    assert "are all pieces there?" in capsys.readouterr().err


def test_a_wheel_that_writes_elsewhere_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_wheel(tmp_path / "bad.whl", "../escaped.py")
    assert main([str(tmp_path), str(tmp_path / "site")]) == 1
    assert "leads out of the folder" in capsys.readouterr().err
    assert not (tmp_path / "escaped.py").exists()


def test_nothing_to_join(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), str(tmp_path / "site")]) == 1
    assert "holds no part-* and no *.whl" in capsys.readouterr().err
    assert main([]) == 2
