from __future__ import annotations

import platform
from dataclasses import replace

import pytest

from claxon_bench.machine import onnx_quantization, this_machine


def test_machine_is_described_and_not_named() -> None:
    found = this_machine()
    assert found.python == platform.python_version()
    assert found.processors >= 1
    assert found.system.endswith(platform.machine())
    assert platform.node() not in str(found) or not platform.node()


@pytest.mark.parametrize(
    ("system", "features", "configuration"),
    [
        ("Linux x86_64", ("avx2", "avx512f", "avx512_vnni"), "avx512_vnni"),
        ("Linux x86_64", ("avx2", "avx512f"), "avx512"),
        ("Windows AMD64", (), "avx2"),
        ("Darwin arm64", (), "arm64"),
        ("Linux aarch64", ("asimddp",), "arm64"),
    ],
)
def test_quantisation_is_the_one_for_the_processor(system: str, features: tuple[str, ...], configuration: str) -> None:
    assert onnx_quantization(replace(this_machine(), system=system, features=features)) == configuration
