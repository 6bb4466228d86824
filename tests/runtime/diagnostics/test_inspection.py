from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from claxon.bundle.bundle import Bundle
from claxon.diagnostics.inspection import Part, inspect_bundle, parts_of
from claxon.engine.planning import machine, plan_run
from claxon.engine.providers import Arithmetic, Device
from claxon.engine.tuning_store import Tuning
from claxon.errors import BundleError, IntegrityError, MissingDependencyError


def entry(*shape: int, size_bytes: int) -> dict[str, object]:
    return {"dtype": "F32", "shape": list(shape), "data_offsets": [100, 100 + size_bytes]}


def test_tensors_are_grouped_by_the_words_of_their_names() -> None:
    parts = parts_of(
        {
            "layer.10.ffn.weight": entry(2, 3, size_bytes=24),
            "layer.2.ffn.weight": entry(2, size_bytes=8),
            "layer.2.ffn.bias": entry(1, size_bytes=4),
            "layer.2.attention.qkv.weight": entry(5, size_bytes=20),
            "embeddings.word": entry(4, 2, size_bytes=32),
            "scale": entry(size_bytes=4),
        }
    )
    assert parts == (
        Part("embeddings", 8, 32),
        Part("layer.2", 8, 32, (Part("attention", 5, 20), Part("ffn", 3, 12))),
        Part("layer.10", 6, 24),
        Part("scale", 1, 4),
    )


def test_an_entry_without_a_shape_is_an_error() -> None:
    with pytest.raises(BundleError, match="'x'"):
        parts_of({"x": {"dtype": "F32"}})


def test_the_parts_of_a_bundle_add_up(tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    inspection = inspect_bundle(bundle)
    names = [part.name for part in inspection.parts]
    assert {"embeddings", "layer.0", "layer.1"} <= set(names)
    weights = str(bundle.manifest.encoder.variants[0].weights)
    total = sum(part.size_bytes for part in inspection.parts)
    assert 0 < total < bundle.manifest.files[weights].size_bytes
    for part in inspection.parts:
        if part.parts:
            assert sum(child.parameters for child in part.parts) == part.parameters


def test_json_has_the_manifest_beside_the_rest(tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    content = json.loads(json.dumps(inspect_bundle(bundle).to_json()))
    assert content["digest"] == bundle.digest
    assert content["encoder"]["architecture"] == "mpnet"
    assert [head["name"] for head in content["heads"]] == ["sentiment", "topic"]
    assert content["parts"][0]["name"] == "embeddings"
    assert content["runs"].startswith("fp32 on ")


def test_changed_weights_are_found(copied_bundle: Path) -> None:
    path = copied_bundle / "encoder.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"encoder\.safetensors"):
        inspect_bundle(Bundle.open(copied_bundle))


def test_weights_inside_the_graph_are_no_parts(tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    encoder = bundle.manifest.encoder
    inside = dataclasses.replace(encoder, variants=(dataclasses.replace(encoder.variants[0], weights=None),))
    changed = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, encoder=inside))
    assert inspect_bundle(changed).parts == ()


def test_without_an_engine_it_says_what_would_run(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def plan_run(*_: object) -> object:
        raise MissingDependencyError("onnxruntime cannot be imported")

    monkeypatch.setattr("claxon.diagnostics.inspection.plan_run", plan_run)
    found = inspect_bundle(Bundle.open(tiny_bundle))
    assert (found.runs, found.reason) == ("nothing: onnxruntime cannot be imported", "")
    assert found.parts


def test_the_inspection_says_what_runs_and_why(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = Bundle.open(tiny_bundle)
    found = inspect_bundle(bundle)
    assert found.runs.startswith("fp32 on ")
    assert (found.reason, found.tuned_at) == ("not tuned; the bundle has no int8", None)
    run = plan_run(bundle, threads=3)
    on_openvino = dataclasses.replace(
        run,
        plan=dataclasses.replace(run.plan, device=Device.OPENVINO, reason="the fastest"),
        request=dataclasses.replace(run.request, arithmetic=Arithmetic.BF16),
        tuning=Tuning(bundle.digest, machine(3, "1"), "2026-01-02", ()),
    )
    monkeypatch.setattr("claxon.diagnostics.inspection.plan_run", lambda _: on_openvino)
    found = inspect_bundle(bundle)
    assert found.runs == "fp32 on OpenVINO, computed in bf16, 3 threads"
    assert (found.reason, found.tuned_at) == ("the fastest", "2026-01-02")
