"""OpenVINO's plugin: found or missed with a cure, registered once, and told what to compute in."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import claxon
from claxon.engine import openvino
from claxon.engine.openvino import arithmetic_for, compiled_folder, provider_options, register
from claxon.engine.providers import CPU_PROVIDER, OPENVINO_PROVIDER, Arithmetic, Device, EngineRequest
from claxon.engine.session import engine
from claxon.errors import DeviceError
from tests.openvino_device import needs_openvino
from tests.texts import TEXTS

# bfloat16 keeps 8 bits of each number: random tiny encoders come out a little worse than real ones (0.99997).
LEAST_COSINE_BF16 = 0.999
TOLERANCE_F32 = 2e-5


def asked(**fields: Any) -> EngineRequest:
    return EngineRequest(Device.OPENVINO, (OPENVINO_PROVIDER, CPU_PROVIDER), **{"threads": 3, **fields})


class FakeEngine(SimpleNamespace):
    """An ONNX Runtime whose devices appear when the plugin is registered."""

    def __init__(self, *devices: str) -> None:
        super().__init__(__version__="1.31")
        self.registered: list[tuple[str, str]] = []
        self.brought = [SimpleNamespace(ep_name=OPENVINO_PROVIDER, ep_metadata={"ov_device": name}) for name in devices]

    def get_ep_devices(self) -> list[Any]:
        cpu = SimpleNamespace(ep_name=CPU_PROVIDER, ep_metadata={"ov_device": "CPU"})
        return [cpu, *(self.brought if self.registered else [])]

    def register_execution_provider_library(self, name: str, path: str) -> None:
        self.registered.append((name, path))


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType(openvino.PLUGIN)
    module.get_library_path = lambda: "plugin.so"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, openvino.PLUGIN, module)


@pytest.mark.usefixtures("plugin")
def test_the_plugin_is_registered_once() -> None:
    ort: Any = FakeEngine("GPU", "CPU")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(register, [ort] * 16))
    assert ort.registered == [("claxon_openvino", "plugin.so")]
    assert {device.ep_metadata["ov_device"] for device in found} == {"CPU"}


@pytest.mark.usefixtures("plugin")
def test_a_plugin_without_a_processor_device() -> None:
    ort: Any = FakeEngine("GPU")
    with pytest.raises(DeviceError, match="no device for this processor; use device='cpu'"):
        register(ort)


@pytest.mark.usefixtures("plugin")
def test_a_plugin_that_does_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: str) -> None:
        raise RuntimeError("GLIBC_2.28 not found")

    ort: Any = FakeEngine("CPU")
    monkeypatch.setattr(ort, "register_execution_provider_library", fails)
    with pytest.raises(DeviceError, match=r"does not load: GLIBC_2.28 not found; pip install 'claxon\[openvino\]'"):
        register(ort)


def test_a_plugin_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, openvino.PLUGIN, None)
    ort: Any = FakeEngine("CPU")
    with pytest.raises(DeviceError, match=r"its plugin is missing .*; pip install 'claxon\[openvino\]'"):
        register(ort)


def test_an_engine_that_is_too_old() -> None:
    ort: Any = SimpleNamespace(__version__="1.22.0")
    with pytest.raises(DeviceError, match=r"needs ONNX Runtime 1.23 or later, found 1\.22\.0"):
        register(ort)


@pytest.mark.parametrize(
    ("features", "arithmetic"),
    [
        (("avx512_bf16", "amx_bf16"), Arithmetic.BF16),
        (("avx2", "avx512_bf16"), Arithmetic.F32),
        ((), Arithmetic.F32),
    ],
)
def test_the_arithmetic_of_a_processor(features: tuple[str, ...], arithmetic: Arithmetic) -> None:
    assert arithmetic_for(features) is arithmetic


@pytest.mark.parametrize(("threads", "streams"), [(1, "1"), (2, "2"), (16, "2")])
def test_the_provider_options_configure_openvino(threads: int, streams: str) -> None:
    device = json.loads(provider_options(asked(threads=threads, arithmetic=Arithmetic.BF16))["load_config"])["CPU"]
    assert device == {
        "INFERENCE_PRECISION_HINT": "bf16",
        "INFERENCE_NUM_THREADS": str(threads),
        "NUM_STREAMS": streams,
    }


def test_compiled_graphs_are_kept_where_that_was_asked_for(tmp_path: Path) -> None:
    folder = compiled_folder("a", {"CLAXON_CACHE": str(tmp_path), "CLAXON_OPENVINO_CACHE": "1"})
    assert folder == tmp_path / "openvino" / "a"
    assert folder.is_dir()
    device = json.loads(provider_options(asked(compiled=folder))["load_config"])["CPU"]
    assert device["CACHE_DIR"] == str(folder)


def test_compiled_graphs_are_not_kept_otherwise(tmp_path: Path) -> None:
    assert compiled_folder("a", {"CLAXON_CACHE": str(tmp_path)}) is None
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "openvino").write_text("a file")
    assert compiled_folder("a", {"CLAXON_CACHE": str(tmp_path), "CLAXON_OPENVINO_CACHE": "1"}) is None


@needs_openvino
def test_the_real_plugin_has_a_processor_device() -> None:
    assert register(engine()).ep_metadata["ov_device"] == "CPU"
    assert register(engine()).ep_name == OPENVINO_PROVIDER


@needs_openvino
@pytest.mark.parametrize("precision", ["auto", "fp32"])
def test_embeddings_are_those_of_the_cpu(precision: str, tiny_bundle: Path) -> None:
    expected = claxon.Encoder.load(tiny_bundle, device="cpu", precision="fp32", threads=1).encode(TEXTS)
    with claxon.Encoder.load(tiny_bundle, device="openvino", precision=precision, threads=1) as encoder:
        assert encoder.device == "openvino"
        found = encoder.encode(TEXTS)
    assert (found * expected).sum(axis=1).min() > LEAST_COSINE_BF16
    if precision == "fp32":
        np.testing.assert_allclose(found, expected, atol=TOLERANCE_F32)


@needs_openvino
def test_threads_may_share_an_encoder(tiny_bundle: Path) -> None:
    with claxon.Encoder.load(tiny_bundle, device="openvino", threads=2) as encoder, ThreadPoolExecutor(4) as pool:
        expected = encoder.encode(TEXTS)
        for found in pool.map(lambda _: encoder.encode(TEXTS), range(8)):
            np.testing.assert_allclose(found, expected, atol=1e-6)
