"""Precisions in a bundle, from the command's words to the files."""

from __future__ import annotations

from pathlib import Path

import pytest

import claxon
from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Precision
from claxon.errors import OptionError
from claxon_export.errors import ParityError
from claxon_export.fp16 import gate as fp16_gate
from claxon_export.int8 import gate as int8_gate
from claxon_export.parity import parity as parity_module
from claxon_export.parity.precision_gate import PrecisionGate
from claxon_export.pipeline import export

pytestmark = pytest.mark.usefixtures("numpy_source")


def precisions(bundle: Bundle) -> list[str]:
    return [str(variant.precision) for variant in bundle.manifest.encoder.variants]


def test_a_bundle_holds_what_was_asked_for(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8_gate, "INT8_GATE", PrecisionGate(0.9, 0.8, 0.2))
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


def test_all_precisions_go_together(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8_gate, "INT8_GATE", PrecisionGate(0.9, 0.8, 0.2))
    bundle = export(tiny_checkpoint, tmp_path / "all", precision=("fp16", "int8", "fp32"))
    assert precisions(bundle) == ["fp32", "int8", "fp16"]
    assert all(variant.parity is not None for variant in bundle.manifest.encoder.variants)
    with claxon.Encoder.load(bundle.path, device="cpu") as encoder:
        assert encoder.precision != "fp16"
    card = (bundle.path / "README.md").read_text()
    assert "fp16, 64 texts against the fp32 graph, by the CPU, rounded to float16" in card


def test_fp16_alone_is_for_cuda_alone(tiny_checkpoint: Path, tmp_path: Path) -> None:
    bundle = export(tiny_checkpoint, tmp_path / "only", precision="fp16")
    assert {path.name for path in bundle.path.iterdir()} == {
        "manifest.json",
        "README.md",
        "tokenizer.json",
        "encoder.fp16.onnx",
        "encoder.fp16.safetensors",
    }
    with pytest.raises(
        OptionError, match=r"nothing in the bundle runs on cpu here \(fp16: its graph was written for cuda"
    ):
        claxon.Encoder.load(bundle.path, device="cpu")


def test_fp16_below_its_gate_is_not_written(
    tiny_checkpoint: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fp16_gate, "FP16_GATE", PrecisionGate(1.1, 0, 0))
    with pytest.raises(ParityError, match=r"fp16 keeps .* below 1\.1"):
        export(tiny_checkpoint, target, precision=["fp32", "fp16"])
    assert not target.exists()


def test_the_texts_that_calibrated_are_known_by_their_hash(tiny_checkpoint: Path, tmp_path: Path) -> None:
    packaged = parity_module.calibration_texts()
    first = export(tiny_checkpoint, tmp_path / "first", precision="int8", verify=False).manifest.provenance.files
    assert first["calibration (878 texts)"] == parity_module.texts_digest(packaged)
    own = ["one of my own", "and another"]
    second = export(tiny_checkpoint, tmp_path / "second", precision="int8", calibration=own, verify=False)
    assert second.manifest.provenance.files["calibration (880 texts)"] == parity_module.texts_digest([*own, *packaged])
    plain = export(tiny_checkpoint, tmp_path / "plain", precision=("fp32", "fp16"), verify=False)
    assert not [name for name in plain.manifest.provenance.files if name.startswith("calibration")]


@pytest.mark.parametrize("requested", ["int4", ("fp32", "fp8"), "fp16,fp32", ()])
def test_other_precisions_are_refused(requested: str | tuple[str, ...], tiny_checkpoint: Path, target: Path) -> None:
    with pytest.raises(OptionError, match="precision"):
        export(tiny_checkpoint, target, precision=requested)
    assert not target.exists()


@pytest.mark.parametrize("precision", ["int8", "fp16"])
def test_optimum_writes_fp32_only(precision: str, tiny_checkpoint: Path, target: Path) -> None:
    with pytest.raises(OptionError, match="cannot be combined with --exporter optimum"):
        export(tiny_checkpoint, target, precision=precision, exporter="optimum")


def test_below_the_gate_nothing_is_written(
    tiny_checkpoint: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8_gate, "INT8_GATE", PrecisionGate(1.1, 0.8, 0.2))
    with pytest.raises(ParityError, match=r"below 1\.1"):
        export(tiny_checkpoint, target, precision="int8")
    assert not target.exists()


def test_the_calibration_texts_are_none_of_those_that_are_compared() -> None:
    assert not set(parity_module.calibration_texts()) & set(parity_module.packaged_texts())
    assert len(parity_module.calibration_texts()) == 878
    assert Precision.INT8 in Precision
