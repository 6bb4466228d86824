from __future__ import annotations

from pathlib import Path

import pytest

from claxon import Encoder
from claxon.errors import OptionError
from claxon_bench.workloads import SHAPES, Length, bulk_workload, drawn, latency_texts, shape_of, workloads


def test_each_has_its_texts_and_its_cut() -> None:
    found = workloads(list(Length), limit=384)
    assert [workload.name for workload in found] == list(Length)
    assert [len(workload.texts) for workload in found] == [SHAPES[length].texts for length in Length]
    assert [workload.max_tokens for workload in found] == [128, 128, 384, 384]


def test_bundle_with_a_lower_limit_lowers_the_cut() -> None:
    assert [workload.max_tokens for workload in workloads(["short", "long"], limit=256)] == [128, 256]


def test_quick_is_short_and_enough() -> None:
    quick, enough = (
        workloads(["short"], limit=9, quick=True)[0],
        workloads(["short"], limit=9, quick=True, least=200)[0],
    )
    assert (len(quick.texts), len(enough.texts)) == (64, 200)


def test_unknown_workload_lists_those_there_are() -> None:
    with pytest.raises(OptionError, match="no workload 'tiny', but short, medium, long, mixed"):
        shape_of("tiny")


def test_texts_of_a_file_are_drawn_once_each_and_seeded(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("text,label\n" + "".join(f"text {i % 30},x\n" for i in range(60)))
    texts = drawn(str(path), 20)
    assert texts == drawn(str(path), 20)
    assert texts != sorted(texts)
    assert len(set(texts)) == 20
    assert len(drawn(str(path), 100)) == 30


def test_file_for_one_workload_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("one\ntwo\n")
    short, mixed = workloads(["short", "mixed"], limit=9, quick=True, sources={"short": str(path)})
    assert (sorted(short.texts), short.source) == (["one", "two"], "lines.txt")
    assert mixed.source == "generated"
    everywhere = workloads(["short", "mixed"], limit=9, quick=True, sources={"": str(path)})
    assert {workload.source for workload in everywhere} == {"lines.txt"}


def test_file_without_texts_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    with pytest.raises(OptionError, match="no texts"):
        drawn(str(tmp_path / "empty.txt"), 3)


def test_facts_count_tokens_after_the_cut(tiny_bundle: Path) -> None:
    workload = workloads(["medium"], limit=16, quick=True)[0]
    with Encoder.load(tiny_bundle) as encoder:
        facts = workload.facts(encoder)
    assert (facts.texts, facts.longest, facts.max_tokens) == (16, 16, 16)
    assert facts.tokens <= 16 * 16
    assert facts.sha256 == workload_hash(workload.texts)


def workload_hash(texts: tuple[str, ...]) -> str:
    import hashlib

    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def test_latency_texts_are_short_and_different() -> None:
    texts = latency_texts()
    assert len(set(texts)) == 40
    assert {len(text.split()) for text in texts} == set(range(4, 13))
    assert texts == latency_texts()


def test_bulk_has_as_many_as_asked_for() -> None:
    assert len(bulk_workload(300, limit=384, sources={}).texts) == 300
    assert bulk_workload(300, limit=384, sources={}).name == "bulk of 300"
