from __future__ import annotations

from dataclasses import replace

import pytest

from claxon_bench.results import Kind
from claxon_bench.tables import engine_table, markdown, number, rate_of, summary_columns, sweep_table
from tests.measurements import sample_results


def row(text: str, name: str) -> list[str]:
    """The cells of a table's row."""
    line = next(line for line in text.splitlines() if line.startswith(f"| {name}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_summary_has_the_medians() -> None:
    results = sample_results()
    table = engine_table(results.engines, summary_columns(results))
    cells = row(table, "**Claxon, int8**")
    assert cells[1:] == ["1,024", "512", "6.95", "0.50", "950", "300", "0.997 / 0.991"]
    assert row(table, "sentence-transformers, torch fp32")[-1] == "1 / 1"


def test_engine_that_did_not_run_is_told_of_with_its_reason() -> None:
    text = markdown(sample_results())
    assert row(text, "ST, ONNX")[1] == "*did not run, see below*"
    assert "- ST, ONNX (`st:onnx`): no environment x" in text


def test_classifier_is_judged_by_its_labels() -> None:
    results = sample_results(Kind.CLASSIFIER)
    assert row(engine_table(results.engines, summary_columns(results)), "**Claxon, int8**")[-1] == "99.00%"
    text = markdown(results)
    assert "cosine" not in text
    assert "its head `sentiment`" in text


def test_report_says_on_what_it_was_measured() -> None:
    text = markdown(sample_results())
    for words in ("A Processor", "amx_int8", "2 threads", "3 rounds", "d" * 64, "numpy 2.4.6", "2025-11-22"):
        assert words in text


def test_spread_stands_beside_the_median() -> None:
    assert row(markdown(sample_results()).partition("## Throughput")[2], "**Claxon, int8**")[1] == "1,024 (7 %)"


def test_device_that_is_not_there_says_why() -> None:
    text = sweep_table(sample_results().sweep)
    assert row(text, "8") == ["8", "469", "-"]
    assert "- cuda, fp16: this ONNX Runtime has no CUDA" in text


def test_rate_in_tokens() -> None:
    results = sample_results()
    rate = rate_of(results.engines[0], results.workloads[0], "tokens")
    assert rate is not None
    assert rate.median == pytest.approx(24_000)
    assert rate_of(results.engines[3], results.workloads[0]) is None


@pytest.mark.parametrize(
    ("value", "words"), [(0.123, "0.12"), (9.96, "10.0"), (42.04, "42.0"), (99.9, "100"), (12345.6, "12,346")]
)
def test_three_digits(value: float, words: str) -> None:
    assert number(value) == words


def test_sweep_alone_has_no_tables_of_engines() -> None:
    text = markdown(replace(sample_results(), engines=()))
    assert "## In short" not in text
    assert "## Devices, precisions, batch sizes" in text
