from __future__ import annotations

from dataclasses import replace

import pytest

from claxon.bundle.manifest import EncoderSpec, Precision
from claxon.errors import OptionError
from claxon_bench.process import ENGINES
from claxon_bench.results import Kind
from claxon_bench.roster import PEERS, REFERENCES, claxon_engine, default_engines, named_engines
from tests.bundles import sample_manifest


@pytest.fixture
def encoder() -> EncoderSpec:
    """A bundle with two precisions."""
    spec = sample_manifest().encoder
    return replace(spec, variants=(*spec.variants, replace(spec.variants[0], precision=Precision.INT8)))


def test_default_is_every_precision_and_every_peer_of_the_kind(encoder: EncoderSpec) -> None:
    names = [spec.name for spec in default_engines(encoder, Kind.ENCODER)]
    assert names[:3] == ["claxon:fp32", "claxon:int8", "claxon:auto@openvino"]
    assert {"st:openvino", "optimum:ov", "fastembed:onnx"} <= set(names)
    assert not [name for name in names if name.startswith("pipeline:")]


def test_classifier_has_the_pipelines(encoder: EncoderSpec) -> None:
    names = {spec.name for spec in default_engines(encoder, Kind.CLASSIFIER)}
    assert {"pipeline:torch-fp32", "pipeline:ort", "pipeline:ov", "optimum:ort"} <= names
    assert not names & {"st:torch-fp32", "fastembed:onnx"}


def test_family_stands_for_all_of_it(encoder: EncoderSpec) -> None:
    names = [spec.name for spec in named_engines(["st", "claxon:int8"], encoder, Kind.ENCODER)]
    assert names == ["st:torch-fp32", "st:torch-bf16", "st:onnx", "st:onnx-qint8", "st:openvino", "claxon:int8"]


@pytest.mark.parametrize(
    ("name", "precision", "device"),
    [
        ("claxon:auto", "auto", "cpu"),
        ("claxon:fp16@cuda", "fp16", "cuda"),
        ("claxon:openvino", "auto", "openvino"),
        ("claxon:int8@openvino", "int8", "openvino"),
    ],
)
def test_claxon_is_named_by_precision_and_device(name: str, precision: str, device: str, encoder: EncoderSpec) -> None:
    (spec,) = named_engines([name], encoder, Kind.ENCODER)
    assert (spec.precision, spec.device) == (precision, device)
    assert spec.is_claxon


@pytest.mark.parametrize("name", ["torch", "claxon:int3", "pipeline:ov"])
def test_unknown_engine_lists_those_there_are(name: str, encoder: EncoderSpec) -> None:
    with pytest.raises(OptionError, match=r"no engine .* but claxon:fp32, claxon:int8"):
        named_engines([name], encoder, Kind.ENCODER)


def test_names_are_unique_and_scripts_are_there() -> None:
    assert len({spec.name for spec in PEERS}) == len(PEERS)
    for spec in [*PEERS, claxon_engine("fp32")]:
        assert (ENGINES / spec.script).is_file()
        assert spec.exporter is None or (ENGINES / spec.exporter[0]).is_file()
    assert set(REFERENCES) <= {spec.name for spec in [*PEERS, claxon_engine("fp32")]}


@pytest.mark.parametrize(
    ("precision", "device", "label", "environment"),
    [
        ("int8", "cpu", "Claxon, int8", "claxon"),
        ("auto", "cpu", "Claxon, auto", "claxon"),
        ("auto", "openvino", "Claxon, OpenVINO", "claxon-openvino"),
        ("fp16", "cuda", "Claxon, fp16, CUDA", "claxon-gpu"),
    ],
)
def test_label_says_what_was_asked_for(precision: str, device: str, label: str, environment: str) -> None:
    spec = claxon_engine(precision, device)
    assert (spec.label, spec.environment) == (label, environment)


def test_other_precisions_run_on_openvino_where_they_were_written_for_it(encoder: EncoderSpec) -> None:
    fp32, int8 = encoder.variants
    spec = replace(encoder, variants=(fp32, replace(int8, devices=("cpu", "openvino"))))
    assert "claxon:int8@openvino" in [found.name for found in default_engines(spec, Kind.ENCODER)]
