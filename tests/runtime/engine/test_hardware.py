from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from claxon.engine import hardware
from claxon.engine.hardware import cpu_info, processor_features, processor_name


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "proc").mkdir()
    return tmp_path


def test_the_processor_is_read(root: Path) -> None:
    (root / "proc/cpuinfo").write_text("model name\t: Acme 9\nflags\t\t: fpu avx2 amx_int8 sse\n\nflags\t: avx512f\n")
    assert processor_name(root) == "Acme 9"
    assert processor_features(root) == ("avx2", "amx_int8")


def test_features_can_be_taken_away_and_none_added(root: Path) -> None:
    (root / "proc/cpuinfo").write_text("flags\t\t: avx2 avx512f avx512_vnni\n")
    assert processor_features(root, {"CLAXON_CPU_FEATURES": "avx2, amx_int8"}) == ("avx2",)
    assert processor_features(root, {"CLAXON_CPU_FEATURES": ""}) == ()


@pytest.mark.processor
@pytest.mark.skipif(sys.platform != "linux", reason="the C library is asked on Linux")
def test_the_c_library_and_numpy_say_the_same() -> None:
    theirs = np._core._multiarray_umath.__cpu_features__  # type: ignore[attr-defined]
    names = {"avx2": "AVX2", "avx512f": "AVX512F", "avx512_vnni": "AVX512VNNI", "asimddp": "ASIMDDP"}
    expected = {ours for ours, name in names.items() if theirs.get(name)}
    assert set(processor_features(environment={})) & names.keys() == expected


def test_an_arm_processor_is_read(root: Path) -> None:
    (root / "proc/cpuinfo").write_text("Features\t: fp asimddp i8mm\n")
    assert processor_features(root) == ("asimddp", "i8mm")


def test_a_name_is_no_part_of_another(root: Path) -> None:
    (root / "proc/cpuinfo").write_text("flags : avx512_vnni_more\nvmx flags : avx2\n")
    assert processor_features(root) == ()


def test_elsewhere_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert cpu_info("flags", tmp_path) is None
    assert processor_features(tmp_path) == ()
    assert processor_name(tmp_path)


def test_macos_is_asked_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sysctl(words: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(words, 0, "0\n" if words[-1].endswith("FEAT_I8MM") else "1\n", "")

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(subprocess, "run", sysctl)
    hardware._macos_features.cache_clear()
    try:
        assert processor_features(tmp_path) == ("asimddp", "bf16")
    finally:
        hardware._macos_features.cache_clear()


def test_macos_that_does_not_answer_has_no_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sysctl(*_: object, **__: object) -> object:
        raise FileNotFoundError

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(subprocess, "run", sysctl)
    hardware._macos_features.cache_clear()
    try:
        assert processor_features(tmp_path) == ()
    finally:
        hardware._macos_features.cache_clear()
