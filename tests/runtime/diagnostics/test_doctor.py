from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from claxon.diagnostics import doctor
from claxon.diagnostics.doctor import Diagnosis, Finding
from claxon.engine.providers import CPU_PROVIDER, CUDA_PROVIDER, OPENVINO_PROVIDER, Device, EngineRequest
from claxon.engine.session import Session, engine
from claxon.errors import DeviceError, MissingDependencyError
from tests.openvino_device import needs_openvino


def named(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def test_the_probe_graph_gives_back_what_it_gets() -> None:
    session = Session(doctor.PROBE_GRAPH, {}, EngineRequest(Device.CPU, (CPU_PROVIDER,), 1))
    assert (session.inputs, session.outputs) == (("x",), ("y",))
    np.testing.assert_array_equal(session.run(["y"], {"x": np.array([3], np.float32)})[0], [3])


def test_the_cpu_starts() -> None:
    assert named(doctor.engine_findings())[CPU_PROVIDER] == Finding(CPU_PROVIDER, "starts")


def test_cuda_that_does_not_start_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_starts", lambda provider: provider == CPU_PROVIDER)
    monkeypatch.setattr(engine(), "get_available_providers", lambda: [CUDA_PROVIDER, CPU_PROVIDER])
    found = named(doctor.engine_findings())
    assert found[CUDA_PROVIDER].value == "does not start"
    assert "nvidia-smi" in str(found[CUDA_PROVIDER].problem)
    assert found[CPU_PROVIDER].problem is None


@needs_openvino
def test_openvino_starts() -> None:
    found = named(doctor.engine_findings())[OPENVINO_PROVIDER]
    assert found.value.startswith("starts, computes in ")
    assert found.problem is None


def test_openvino_that_does_not_start_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> object:
        raise DeviceError("the OpenVINO plugin does not load")

    monkeypatch.setattr(doctor, "plugin_version", lambda: "1.8")
    monkeypatch.setattr(doctor, "engine_request", fails)
    found = named(doctor.engine_findings())[OPENVINO_PROVIDER]
    assert found.problem == (
        "the OpenVINO plugin does not load; or without OpenVINO: pip uninstall onnxruntime-ep-openvino"
    )


def test_openvino_that_is_not_installed_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "plugin_version", lambda: None)
    monkeypatch.setattr(engine(), "get_available_providers", lambda: [CPU_PROVIDER, f"{OPENVINO_PROVIDER}.AUTO"])
    assert set(named(doctor.engine_findings())) == {CPU_PROVIDER}


def test_a_missing_engine_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> object:
        raise MissingDependencyError("pip install 'claxon[cpu]'")

    monkeypatch.setattr(doctor, "engine", missing)
    assert doctor.engine_findings()[0].problem == "pip install 'claxon[cpu]'"


@pytest.mark.parametrize(
    ("installed", "problem"),
    [
        ({"onnxruntime"}, None),
        ({"onnxruntime-gpu"}, None),
        (set(), "not installed"),
        ({"onnxruntime", "onnxruntime-gpu"}, "overwrite each other"),
        ({"onnxruntime", "onnxruntime-ep-openvino"}, None),
    ],
)
def test_one_wheel_of_the_engine_is_right(installed: set[str], problem: str | None) -> None:
    found = doctor.version_findings(lambda name: "1.0" if name in installed else None)
    problems = [finding.problem for finding in found if finding.problem]
    assert len(problems) == (problem is not None)
    assert problem is None or problem in problems[0]


def test_processor_and_memory_are_read(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("model name\t: Acme 9\nflags\t\t: fpu avx2 amx_int8 sse\n")
    (tmp_path / "proc/meminfo").write_text("MemTotal:  8388608 kB\nMemAvailable:  4194304 kB\n")
    found = named(doctor.machine_findings(tmp_path))
    assert (found["processor"].value, found["features"].value) == ("Acme 9", "avx2, amx_int8")
    assert doctor.memory(tmp_path) == "4.0 of 8.0 GiB available"


def test_the_memory_quota_is_read(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:  8388608 kB\nMemAvailable:  4194304 kB\n")
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/memory.max").write_text("2147483648\n")
    assert doctor.memory(tmp_path).endswith("at most 2.0 GiB for this container")


def test_elsewhere_nothing_is_known(tmp_path: Path) -> None:
    found = named(doctor.machine_findings(tmp_path))
    assert found["features"].value == "unknown"
    assert found["memory"].value == "unknown"
    assert found["quota"].value == "none"


def test_a_missing_extra_is_no_problem_but_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "EXTRAS", {"export": ("json", "surely_not_there")})
    (found,) = doctor.extra_findings()
    assert found == Finding("export", "without surely_not_there; pip install 'claxon[export]'")


def test_a_whole_bundle_runs(tiny_bundle: Path) -> None:
    found = named(doctor.bundle_findings(tiny_bundle))
    assert found["tokenizer.json"] == Finding("tokenizer.json", "whole")
    assert found["one text"].value == "runs, fp32 on cpu, 2 heads"
    assert not [finding for finding in found.values() if finding.problem]


def test_a_changed_file_is_named_and_not_run(copied_bundle: Path) -> None:
    path = copied_bundle / "heads" / "topic.onnx"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    found = named(doctor.bundle_findings(copied_bundle))
    assert "topic.onnx" in str(found["heads/topic.onnx"].problem)
    assert "one text" not in found


def test_a_missing_bundle_is_a_problem(tmp_path: Path) -> None:
    (found,) = doctor.bundle_findings(tmp_path)
    assert "manifest.json" in str(found.problem)


def test_problems_are_gathered_and_written_down() -> None:
    found = Diagnosis({"a": (Finding("x", "1"), Finding("y", "2", "cure it")), "b": ()})
    assert found.problems == ("cure it",)
    content = json.loads(json.dumps(found.to_json()))
    assert content["ok"] is False
    assert content["sections"]["a"][1] == {"name": "y", "value": "2", "problem": "cure it"}
