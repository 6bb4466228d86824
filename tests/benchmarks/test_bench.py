from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from claxon.errors import OptionError
from claxon_bench.accuracy import classifier_outputs
from claxon_bench.bench import Plan, engines_of, judge, run_bench, run_device_sweep
from claxon_bench.contenders import Contender
from claxon_bench.results import Results
from claxon_bench.roster import BY_NAME, claxon_engine
from claxon_bench.subject import open_subject
from tests.measurements import sample_arena


def test_claxon_is_measured_and_a_peer_that_is_not_there_says_so(tiny_bundle: Path, tmp_path: Path) -> None:
    plan = Plan(
        engines=("claxon:fp32", "st:torch-fp32"),
        workloads=("short",),
        rounds=2,
        threads=1,
        quick=True,
        memory_texts=20,
        peers=tmp_path,
    )
    saved: list[Results] = []
    results = run_bench(open_subject(tiny_bundle, None), plan, lambda _: None, saved.append)
    ours, peer = results.engines
    assert len(ours.throughput["short"].seconds) == 2
    assert len(ours.throughput["bulk of 20"].seconds) == 1
    assert len(ours.latency_s) == 80
    assert len(ours.cold_starts) == 1
    assert ours.runs == "fp32 on cpu"
    assert ours.accuracy is not None
    assert ours.accuracy.reference == "claxon:fp32"
    assert ours.accuracy.min_cosine == pytest.approx(1, abs=1e-6)
    assert peer.problem is not None
    assert "make bench-peers" in peer.problem
    assert [facts.name for facts in results.workloads] == ["short", "bulk of 20"]
    assert len(saved) == 3


def test_peers_are_asked_for_by_a_checkpoint_or_by_name(tiny_bundle: Path) -> None:
    alone = open_subject(tiny_bundle, None)
    assert {spec.is_claxon for spec in engines_of(Plan(), alone)} == {True}
    beside = replace(alone, checkpoint=tiny_bundle)
    assert {spec.is_claxon for spec in engines_of(Plan(), beside)} == {True, False}
    assert [spec.name for spec in engines_of(Plan(engines=("st:openvino",)), alone)] == ["st:openvino"]


def test_device_that_is_not_there_is_a_row_not_an_error(tiny_bundle: Path, tmp_path: Path) -> None:
    plan = Plan(workloads=("short",), rounds=1, threads=1, quick=True, peers=tmp_path)
    measured = open_subject(tiny_bundle, None)
    results = run_device_sweep(measured, plan, ("cpu", "cuda"), (), (1, 4), lambda _: None)
    cpu, cuda = results.sweep[:2]
    assert (cpu.device, cpu.precision, cpu.batch_size, len(cpu.seconds)) == ("cpu", "fp32", 1, 1)
    if cuda.problem is None:
        pytest.skip("there is CUDA here")
    assert "cuda" in cuda.problem
    assert not cuda.seconds
    assert len(results.sweep) == 4


def test_reference_is_the_exact_peer_where_it_ran(tiny_bundle: Path, tmp_path: Path) -> None:
    arena = sample_arena(tiny_bundle, tmp_path)
    contenders = [Contender(spec, arena) for spec in (claxon_engine("fp32"), BY_NAME["st:torch-fp32"])]
    for contender in contenders:
        contender.outputs["short"] = classifier_outputs(np.eye(3, dtype=np.float32))
    judge(contenders)
    assert [c.accuracy.reference for c in contenders if c.accuracy] == ["st:torch-fp32"] * 2


def test_engine_that_broke_midway_is_compared_on_what_it_did(tiny_bundle: Path, tmp_path: Path) -> None:
    arena = sample_arena(tiny_bundle, tmp_path)
    whole, part = (Contender(claxon_engine(precision), arena) for precision in ("fp32", "int8"))
    for name in ("short", "mixed"):
        whole.outputs[name] = classifier_outputs(np.eye(3, dtype=np.float32))
    part.outputs["mixed"] = whole.outputs["mixed"]
    judge([whole, part])
    assert whole.accuracy is not None
    assert part.accuracy is not None
    assert (whole.accuracy.texts, part.accuracy.texts) == (6, 3)


def test_plan_is_checked_before_anything_starts(tiny_bundle: Path) -> None:
    measured = open_subject(tiny_bundle, None)
    for plan in (Plan(engines=("nobody",)), Plan(workloads=("tiny",))):
        with pytest.raises(OptionError, match="there is no"):
            run_bench(measured, plan, lambda _: None, lambda _: None)


def test_defaults_of_a_quick_run_are_fewer() -> None:
    assert Plan(quick=True).settings().rounds < Plan().settings().rounds
    assert Plan(rounds=9, quick=True).settings().rounds == 9
