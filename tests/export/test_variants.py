"""Precisions in a bundle, from the command's words to the files."""

from __future__ import annotations

from pathlib import Path

import pytest

import claxon
from claxon.bundle import Bundle
from claxon.errors import OptionError
from claxon.manifest import Precision
from claxon_export import parity as parity_module
from claxon_export.errors import ParityError
from claxon_export.exporting import export
from claxon_export.quantization import gate

pytestmark = pytest.mark.usefixtures("numpy_source")


def precisions(bundle: Bundle) -> list[str]:
    return [str(variant.precision) for variant in bundle.manifest.encoder.variants]


def test_a_bundle_holds_what_was_asked_for(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate.QuantizationGate, "__init__", lambda self: None)
    for name, value in {"min_mean_cosine": 0.9, "min_cosine": 0.8, "label_margin": 0.2}.items():
        monkeypatch.setattr(gate.QuantizationGate, name, value)
    both = export(tiny_checkpoint, tmp_path / "both", precision=["fp32", "int8"])
    assert precisions(both) == ["fp32", "int8"]
    assert all(variant.parity is not None for variant in both.manifest.encoder.variants)
    _change_a_byte(both.path / "encoder.safetensors")
    claxon.Encoder.load(both.path, device="cpu", precision="int8").close()  # which reads no byte of it
    with pytest.raises(claxon.IntegrityError, match=r"encoder\.safetensors"):
        claxon.Encoder.load(both.path, device="cpu", precision="fp32")
    with pytest.raises(claxon.IntegrityError, match=r"encoder\.safetensors"):
        both.verify()
    only = export(tiny_checkpoint, tmp_path / "only", precision="int8")
    assert precisions(only) == ["int8"]
    assert {path.name for path in only.path.iterdir()} == {
        "manifest.json",
        "README.md",
        "tokenizer.json",
        "encoder.int8.onnx",
        "encoder.int8.safetensors",
    }
    only.verify()
    with claxon.Encoder.load(only.path, device="cpu", precision="int8") as encoder:
        assert encoder.precision == "int8"


def _change_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("asked", ["fp16", "int4", ("fp32", "fp16"), ()])
def test_other_precisions_are_refused(asked: str | tuple[str, ...], tiny_checkpoint: Path, target: Path) -> None:
    with pytest.raises(OptionError, match="precision"):
        export(tiny_checkpoint, target, precision=asked)
    assert not target.exists()


def test_optimum_writes_fp32_only(tiny_checkpoint: Path, target: Path) -> None:
    with pytest.raises(OptionError, match="does not go with --exporter optimum"):
        export(tiny_checkpoint, target, precision="int8", exporter="optimum")


def test_below_the_gate_nothing_is_written(
    tiny_checkpoint: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate.QuantizationGate, "__init__", lambda self: None)
    for name, value in {"min_mean_cosine": 1.1, "min_cosine": 0.8, "label_margin": 0.2}.items():
        monkeypatch.setattr(gate.QuantizationGate, name, value)
    with pytest.raises(ParityError, match=r"below 1\.1"):
        export(tiny_checkpoint, target, precision="int8")
    assert not target.exists()


def test_the_calibration_texts_are_none_of_those_that_are_compared() -> None:
    assert not set(parity_module.calibration_texts()) & set(parity_module.packaged_texts())
    assert len(parity_module.calibration_texts()) == 97
    assert Precision.INT8 in Precision
