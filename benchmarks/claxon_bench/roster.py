"""Every engine that can be measured, by name, and which of them a call asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from claxon.bundle.manifest import EncoderSpec, Precision
from claxon.engine.providers import Device
from claxon.errors import OptionError
from claxon_bench.results import Kind

BOTH = (Kind.ENCODER, Kind.CLASSIFIER)
CLAXON = "claxon"
AUTO = "auto"
OPENVINO = "openvino"
DEVICE_NAMES = {OPENVINO: "OpenVINO", "cuda": "CUDA"}
# Their ONNX Runtimes clash with the CPU's or add to its size; where there is none, this Python is taken.
ENVIRONMENTS = {OPENVINO: "claxon-openvino", "cuda": "claxon-gpu"}
REFERENCES = ("st:torch-fp32", "pipeline:torch-fp32", "claxon:fp32")


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One engine.

    Attributes:
        name: What ``--engines`` calls it.
        label: What the report calls it.
        environment: The virtual environment that has it, a folder's name.
        script: Its file under ``engines/``.
        variant: Which backend or precision of the script's.
        kinds: What it can be measured as.
        export: The name of what must be exported from the checkpoint first, if anything.
        exporter: Script and environment that export it, where they are not its own.
    """

    name: str
    label: str
    environment: str
    script: str
    variant: str
    kinds: tuple[Kind, ...]
    export: str | None = None
    exporter: tuple[str, str] | None = None
    device: str = Device.CPU
    precision: str = Precision.FP32

    @property
    def is_claxon(self) -> bool:
        """Whether it runs the bundle; the others run the checkpoint."""
        return self.environment.startswith(CLAXON)


def _st(variant: str, label: str, environment: str, export: str | None = None) -> EngineSpec:
    label = f"sentence-transformers, {label}"
    return EngineSpec(f"st:{variant}", label, environment, "sentence_transformer.py", variant, (Kind.ENCODER,), export)


def _optimum(variant: str, label: str, environment: str) -> EngineSpec:
    name = f"optimum:{variant}"
    return EngineSpec(name, label, environment, "optimum_models.py", variant, BOTH, name)


def _pipeline(variant: str, label: str, environment: str, export: str | None = None) -> EngineSpec:
    exporter = None if export is None else ("optimum_models.py", environment)
    label = f"transformers pipeline, {label}"
    return EngineSpec(
        f"pipeline:{variant}", label, environment, "pipelines.py", variant, (Kind.CLASSIFIER,), export, exporter
    )


PEERS = (
    _st("torch-fp32", "torch fp32", "sentence-transformers"),
    _st("torch-bf16", "torch bf16", "sentence-transformers"),
    _st("onnx", "ONNX fp32", "sentence-transformers-onnx", "st:onnx"),
    _st("onnx-qint8", "ONNX qint8", "sentence-transformers-onnx", "st:onnx-qint8"),
    _st("openvino", "OpenVINO", "sentence-transformers-openvino", "st:openvino"),
    _optimum("ort", "optimum, ORTModel", "optimum-onnx"),
    _optimum("ov", "optimum-intel, OVModel", "optimum-intel"),
    EngineSpec(
        "fastembed:onnx", "fastembed, ONNX fp32", "fastembed", "fastembed_custom.py", "ort", (Kind.ENCODER,),
        "optimum:ort", ("optimum_models.py", "optimum-onnx"),
    ),
    _pipeline("torch-fp32", "torch fp32", "transformers"),
    _pipeline("torch-bf16", "torch bf16", "transformers"),
    _pipeline("ort", "ORTModel", "optimum-onnx", "optimum:ort"),
    _pipeline("ov", "OVModel", "optimum-intel", "optimum:ov"),
)  # fmt: skip
BY_NAME = {spec.name: spec for spec in PEERS}


def claxon_engine(precision: str, device: str = Device.CPU) -> EngineSpec:
    """Claxon in one precision on one device. On OpenVINO ``auto`` is bfloat16 where the processor is made for it."""
    on_cpu = device == Device.CPU
    words = [precision] if on_cpu else [precision, DEVICE_NAMES.get(device, device)]
    return EngineSpec(
        name=f"claxon:{precision}" + ("" if on_cpu else f"@{device}"),
        label=", ".join(["Claxon", *(word for word in words if on_cpu or word != AUTO)]),
        environment=ENVIRONMENTS.get(device, CLAXON),
        script="claxon_runtime.py",
        variant=precision,
        kinds=BOTH,
        device=str(device),
        precision=str(precision),
    )


def default_engines(encoder: EncoderSpec, kind: Kind) -> list[EngineSpec]:
    """Claxon in every precision that the bundle holds for the CPU, and on OpenVINO, and every peer for the kind."""
    on_cpu = [claxon_engine(variant.precision) for variant in encoder.variants if Device.CPU in variant.devices]
    others = [
        claxon_engine(variant.precision, OPENVINO)
        for variant in encoder.variants
        if OPENVINO in variant.devices and variant.precision is not Precision.FP32
    ]
    ours = {spec.name: spec for spec in [*on_cpu, claxon_engine(AUTO, OPENVINO), *others]}
    return [*ours.values(), *(spec for spec in PEERS if kind in spec.kinds)]


def named_engines(names: Sequence[str], encoder: EncoderSpec, kind: Kind) -> list[EngineSpec]:
    """The engines that ``--engines`` names; ``claxon``, ``st``, … stand for all of a family.

    Raises:
        OptionError: there is no such engine; the message lists them.
    """
    defaults = {spec.name: spec for spec in default_engines(encoder, kind)}
    chosen: dict[str, EngineSpec] = {}
    for name in names:
        family = {key: spec for key, spec in defaults.items() if key.partition(":")[0] == name}
        found = family or {name: _named(name, kind, [*defaults])}
        chosen |= {spec.name: spec for spec in found.values()}
    return list(chosen.values())


def _named(name: str, kind: Kind, known: Sequence[str]) -> EngineSpec:
    if name in BY_NAME and kind in BY_NAME[name].kinds:
        return BY_NAME[name]
    family, _, rest = name.partition(":")
    precision, _, device = rest.partition("@")
    if precision == OPENVINO:
        precision, device = AUTO, OPENVINO
    if family == CLAXON and precision in (AUTO, *Precision):
        return claxon_engine(precision, device or Device.CPU)
    raise OptionError(
        f"there is no engine {name!r} for a bundle measured as {kind}, but {', '.join(known)}, "
        "and claxon:PRECISION@DEVICE"
    )
