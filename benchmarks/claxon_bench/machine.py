"""What the figures were measured on."""

from __future__ import annotations

import os
import platform

from claxon.diagnostics.doctor import memory
from claxon.engine.hardware import processor_features, processor_name, quota_threads
from claxon_bench.results import Machine


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


def onnx_quantization(machine: Machine) -> str:
    """Which of the configurations that optimum has for dynamic int8 is made for the processor."""
    features = machine.features
    if machine.system.endswith(("arm64", "aarch64")):
        return "arm64"
    return "avx512_vnni" if "avx512_vnni" in features else "avx512" if "avx512f" in features else "avx2"
