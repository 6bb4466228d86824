"""What is timed, what is left out and why, and that the fastest comes first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import GraphVariant, Parity, Precision
from claxon.engine import tuner
from claxon.engine.openvino import plugin_version
from claxon.engine.providers import CUDA_PROVIDER, Device
from claxon.engine.selection import Pair
from claxon.engine.session import engine_version
from claxon.engine.tuner import Candidate, candidates, left_out, tune
from claxon.engine.tuning_store import Rate
from claxon.errors import EngineError, InputError, OptionError
from claxon.text.tokenizer import Tokenizer
from tests.openvino_device import needs_openvino

FP32_ON_CPU = Pair(Precision.FP32, Device.CPU)
PARITY = Parity("source", 1, "0" * 64, ())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuner, "SECONDS", 0.0)
    monkeypatch.setattr(tuner, "plugin_version", lambda: None)
    monkeypatch.setattr(tuner, "processor_features", lambda: ("avx512_vnni",))


@pytest.fixture
def bundle(tiny_bundle: Path) -> Bundle:
    return Bundle.open(tiny_bundle)


def with_variants(bundle: Bundle, *more: GraphVariant) -> Bundle:
    spec = replace(bundle.manifest.encoder, variants=(*bundle.manifest.encoder.variants, *more))
    return replace(bundle, manifest=replace(bundle.manifest, encoder=spec))


def int8(bundle: Bundle, parity: Parity | None) -> GraphVariant:
    """The fp32 graph under another name."""
    fp32 = bundle.manifest.encoder.variants[0]
    return GraphVariant(Precision.INT8, fp32.graph, fp32.weights, ("cpu",), ("vnni",), parity)


def test_candidates_are_what_runs_here(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuner, "plugin_version", lambda: "1.8")
    fp16 = GraphVariant(Precision.FP16, "encoder.onnx", None, ("cuda",), (), PARITY)
    found = candidates(with_variants(bundle, int8(bundle, PARITY), fp16))
    pairs = [candidate.pair for candidate in found if candidate.device is not Device.CUDA]
    assert pairs == [FP32_ON_CPU, Pair(Precision.INT8, Device.CPU), Pair(Precision.FP32, Device.OPENVINO)]
    assert not [candidate for candidate in found if candidate.obstacle]


def test_a_graph_without_recorded_parity_is_left_out(bundle: Bundle) -> None:
    reports: list[tuple[Pair, str]] = []
    found = tune(
        with_variants(bundle, int8(bundle, None)),
        1,
        report=lambda candidate, why: reports.append((candidate.pair, why)),
    )
    assert found.pairs == (FP32_ON_CPU,)
    assert [pair for pair, why in reports if "left out: the bundle records no parity" in why] == [
        Pair(Precision.INT8, Device.CPU)
    ]


@pytest.mark.skipif(CUDA_PROVIDER in onnxruntime.get_available_providers(), reason="CUDA is here")
def test_graphs_that_run_nowhere_are_listed_with_the_reason(bundle: Bundle) -> None:
    fp16 = GraphVariant(Precision.FP16, "encoder.onnx", None, ("cuda",), (), PARITY)
    reports: dict[Pair, str] = {}
    tune(
        with_variants(bundle, replace(int8(bundle, PARITY), requires=("sme",)), fp16),
        1,
        report=lambda candidate, why: reports.update({candidate.pair: why}),
    )
    assert reports[Pair(Precision.FP16, Device.CUDA)] == "left out: its graph was written for cuda, not for cpu"
    assert reports[Pair(Precision.INT8, Device.CPU)].startswith("left out: its graph needs sme")


def test_a_tuning_says_what_it_holds_for(bundle: Bundle) -> None:
    found = tune(bundle, 1)
    assert (found.digest, found.machine.threads, found.machine.onnxruntime) == (bundle.digest, 1, engine_version())
    assert found.tuned_at.endswith("+00:00")
    assert min(found.rates[0].short_tokens_s, found.rates[0].medium_tokens_s) > 0


def test_the_fastest_comes_first(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {Precision.FP32: (100.0, 100.0), Precision.INT8: (50.0, 400.0)}

    def rate(_: Bundle, candidate: Candidate, *__: object) -> Rate:
        return Rate(candidate.pair, *rates[candidate.pair.precision])

    monkeypatch.setattr(tuner, "_rate", rate)
    held = with_variants(bundle, int8(bundle, PARITY))
    assert tune(held, 1).pairs[0].precision is Precision.INT8
    rates[Precision.INT8] = (20.0, 400.0)
    assert tune(held, 1).pairs[0].precision is Precision.FP32


def test_a_candidate_that_fails_is_told_of_and_no_more(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tuner._rate

    def rate(of: Bundle, candidate: Candidate, threads: int, workloads: object) -> Rate:
        if candidate.pair.precision is Precision.INT8:
            raise EngineError("out of memory")
        return real(of, candidate, threads, workloads)  # type: ignore[arg-type]

    monkeypatch.setattr(tuner, "_rate", rate)
    reports: list[str] = []
    found = tune(with_variants(bundle, int8(bundle, PARITY)), 1, report=lambda _, why: reports.append(why))
    assert found.pairs == (FP32_ON_CPU,)
    assert reports[0].endswith(" tokens/s")
    assert reports[1] == "out of memory"


def test_a_bundle_without_candidates_is_an_error(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuner, "candidates", lambda *_: [])
    with pytest.raises(OptionError, match="could be timed here"):
        tune(bundle, 1)


def test_texts_of_the_caller_are_timed(bundle: Bundle) -> None:
    assert tune(bundle, 1, ["great book", "the phone broke today"]).pairs == (FP32_ON_CPU,)
    with pytest.raises(InputError, match="no texts"):
        tune(bundle, 1, [])


@needs_openvino
def test_openvino_is_timed(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuner, "plugin_version", plugin_version)
    assert set(tune(bundle, 1).pairs) >= {FP32_ON_CPU, Pair(Precision.FP32, Device.OPENVINO)}


@pytest.mark.parametrize("devices", [("npu",), (), ("auto",)])
def test_a_graph_for_a_device_that_nobody_knows_is_told_of(devices: tuple[str, ...], bundle: Bundle) -> None:
    unknown = replace(int8(bundle, PARITY), devices=devices)
    [told] = left_out(with_variants(bundle, unknown), 1)
    assert told.pair == Pair(Precision.INT8, Device.CPU)
    assert told.obstacle is not None
    assert told.obstacle.startswith("left out: its graph was written for ")
    assert told.obstacle.endswith(", not for cpu")


def test_the_tokenizer_for_texts_is_checked_against_the_encoder(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, object]] = []

    class Spy(Tokenizer):
        def __init__(self, content: bytes, **options: Any) -> None:
            given.append(options)
            super().__init__(content, **options)

    monkeypatch.setattr(tuner, "Tokenizer", Spy)
    tune(bundle, 1, ["great book"])
    assert given[0]["n_embeddings"] == bundle.manifest.encoder.vocab_size
