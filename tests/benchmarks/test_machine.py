from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path

import pytest

from claxon_bench.machine import onnx_quantization, processor_folder, this_machine
from claxon_bench.results import read_results

RESULTS = Path(__file__).parents[2] / "benchmarks/results"


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


@pytest.mark.parametrize(
    ("system", "processor", "features", "folder"),
    [
        ("Linux x86_64", "AMD EPYC 7763 64-Core Processor", ("avx2",), "amd-epyc-avx2"),
        ("Linux x86_64", "AMD Ryzen 9 7950X", ("avx2", "avx512f", "avx512_vnni"), "amd-ryzen-avx512-vnni"),
        ("Linux x86_64", "Intel(R) Xeon(R) Processor", ("avx2", "avx512f", "avx512_vnni", "amx_int8"), "intel-amx"),
        ("Linux x86_64", "Intel(R) Core(TM) Ultra 7", ("avx2", "avx_vnni"), "intel-avx-vnni"),
        ("Linux x86_64", "QEMU TCG CPU version 2.5+", (), "x86-64-baseline"),
        ("Darwin arm64", "Apple M2", ("asimddp", "i8mm"), "apple-i8mm"),
        ("Linux aarch64", "unknown", ("asimddp",), "aarch64-dotprod"),
    ],
)
def test_results_of_a_kind_of_processor_share_a_folder(
    system: str, processor: str, features: tuple[str, ...], folder: str
) -> None:
    machine = replace(this_machine(), system=system, processor=processor, features=features)
    assert processor_folder(machine) == folder


@pytest.mark.parametrize("name", ["all-mpnet-base-v2", "distilbert-base"])
def test_published_results_lie_in_the_folder_of_their_processor(name: str) -> None:
    found = [path for path in (RESULTS / name).glob("*/results.json") if read_results(path)]
    assert found
    assert [path for path in found if processor_folder(read_results(path).machine) != path.parent.name] == []
