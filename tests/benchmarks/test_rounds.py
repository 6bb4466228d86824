from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from claxon_bench.contenders import Contender, prepared
from claxon_bench.rounds import measure_bulk, measure_cold_starts, measure_latency, measure_throughput
from claxon_bench.workloads import Workload
from tests.measurements import engine_spec, sample_arena, write_engine

WORKLOAD = Workload("short", ("a", "bb", "ccc"), 16, "by hand")

Field = Callable[..., list[Contender]]


@pytest.fixture
def field(tiny_bundle: Path, tmp_path: Path) -> Field:
    def contenders(**calls: str) -> list[Contender]:
        specs = [engine_spec(write_engine(tmp_path, name, call=call)) for name, call in calls.items()]
        return prepared(specs, sample_arena(tiny_bundle, tmp_path / "peers"), print)

    return contenders


def test_engines_take_turns_and_come_back_in_the_opposite_order(field: Field, tmp_path: Path) -> None:
    turns = tmp_path / "turns"
    first, second = (f"len(texts) == 3 and open({str(turns)!r}, 'a').write({name!r})" for name in "AB")
    measure_throughput(field(first=first, second=second), WORKLOAD, 2, lambda _: None)
    assert turns.read_text() == "AB" + "AB" + "BA"


def test_seconds_memory_results_and_idleness_are_kept(field: Field) -> None:
    contenders = field(only="pass")
    measure_throughput(contenders, WORKLOAD, 3, lambda _: None)
    run = contenders[0].throughput["short"]
    assert len(run.seconds) == 3
    assert run.peak_rss_bytes > 10e6
    assert contenders[0].outputs["short"].values[:, 0].tolist() == [1, 2, 3]
    assert contenders[0].idle_share is None or contenders[0].idle_share < 0.05


def test_one_that_breaks_leaves_the_others_alone(field: Field) -> None:
    contenders = field(breaks="if self.calls > 3: raise ValueError('worn out')", lasts="pass")
    measure_throughput(contenders, WORKLOAD, 2, lambda _: None)
    assert contenders[0].problem == "exit code 1: ValueError: worn out"
    assert not contenders[0].throughput
    assert contenders[1].problem is None
    assert len(contenders[1].throughput["short"].seconds) == 2


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("return numpy.full((len(texts), 2), numpy.nan)", "not finite"),
        ("return numpy.zeros((1, 2))", r"array of shape \(1, 2\) for 3 texts"),
    ],
)
def test_results_that_are_none_are_a_problem(field: Field, call: str, reason: str) -> None:
    contenders = field(wrong=call)
    measure_throughput(contenders, WORKLOAD, 1, lambda _: None)
    assert contenders[0].problem is not None
    assert np.any([word in contenders[0].problem for word in reason.replace("\\", "").split("|")])


def test_latency_has_a_sample_for_every_text_and_round(field: Field) -> None:
    contenders = field(only="pass")
    measure_latency(contenders, ["a", "b"], 3, 16, lambda _: None)
    assert len(contenders[0].latency_s) == 6


def test_cold_starts_are_whole_processes(field: Field) -> None:
    contenders = field(only="time.sleep(0.05)")
    measure_cold_starts(contenders, 2, 16, lambda _: None)
    assert len(contenders[0].cold_starts) == 2
    for start in contenders[0].cold_starts:
        assert start.first_s >= 0.05
        assert start.wall_s > start.import_s + start.load_s + start.first_s


def test_bulk_is_one_call(field: Field) -> None:
    contenders = field(only="pass")
    measure_bulk(contenders, Workload("bulk of 3", WORKLOAD.texts, 16, "by hand"), lambda _: None)
    assert len(contenders[0].throughput["bulk of 3"].seconds) == 1
