"""What the figures were measured on."""

from __future__ import annotations

import os
import platform

from claxon.diagnostics.doctor import memory
from claxon.engine.hardware import processor_features, processor_name, quota_threads
from claxon_bench.results import Machine

# By a word of the processor's name, the most telling first; where none is in it, the system's architecture stands.
MAKERS = {
    "epyc": "amd-epyc",
    "ryzen": "amd-ryzen",
    "amd": "amd",
    "intel": "intel",
    "apple": "apple",
    "neoverse": "neoverse",
    "graviton": "graviton",
    "ampere": "ampere",
}
# The instruction set that decides how fast int8 runs, the fastest first.
FASTEST_SETS = {
    "amx_int8": "amx",
    "avx512_vnni": "avx512-vnni",
    "avx_vnni": "avx-vnni",
    "avx512f": "avx512",
    "avx2": "avx2",
    "i8mm": "i8mm",
    "asimddp": "dotprod",
}


def this_machine() -> Machine:
    """Processor, quota, memory and Python; nothing that names the machine itself."""
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        processor=processor_name(),
        features=processor_features(),
        processors=os.cpu_count() or 1,
        quota=quota_threads(),
        memory=memory(),
        python=platform.python_version(),
    )


def processor_folder(machine: Machine) -> str:
    """The folder of results from processors of this kind: its maker and fastest set, such as ``amd-epyc-avx2``."""
    name = machine.processor.lower()
    system = machine.system.rpartition(" ")[2].lower().replace("_", "-")
    maker = next((folder for word, folder in MAKERS.items() if word in name), system)
    fastest = next((folder for feature, folder in FASTEST_SETS.items() if feature in machine.features), "baseline")
    return f"{maker}-{fastest}"


def onnx_quantization(machine: Machine) -> str:
    """Which of the configurations that optimum has for dynamic int8 is made for the processor."""
    features = machine.features
    if machine.system.endswith(("arm64", "aarch64")):
        return "arm64"
    return "avx512_vnni" if "avx512_vnni" in features else "avx512" if "avx512f" in features else "avx2"
