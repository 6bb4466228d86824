from __future__ import annotations

import argparse
from inspect import signature

import pytest

from claxon.cli.arguments import (
    add_engine,
    add_run,
    engine_options,
    finite_float,
    positive_int,
    positive_int_or_all,
    row_format,
)
from claxon.encoder.encoder import Encoder
from claxon.formats.tables import Format


@pytest.mark.parametrize("word", ["0", "-1", "1.5", "x", "", "²"])
def test_a_positive_number(word: str) -> None:
    assert positive_int("7") == 7
    with pytest.raises(argparse.ArgumentTypeError, match="positive integer"):
        positive_int(word)


def test_a_positive_number_or_all() -> None:
    assert (positive_int_or_all("7"), positive_int_or_all("all")) == (7, None)
    with pytest.raises(argparse.ArgumentTypeError, match="'ALL' is not a positive integer, nor 'all'"):
        positive_int_or_all("ALL")


@pytest.mark.parametrize("word", ["nan", "inf", "x", ""])
def test_a_finite_number(word: str) -> None:
    assert finite_float("-0.5") == -0.5
    with pytest.raises(argparse.ArgumentTypeError, match="not a number"):
        finite_float(word)


def test_the_engines_options_are_those_of_load() -> None:
    parser = argparse.ArgumentParser()
    add_engine(parser)
    parameters = signature(Encoder.load).parameters
    assert engine_options(parser.parse_args([])).items() <= {n: p.default for n, p in parameters.items()}.items()
    assert engine_options(parser.parse_args(["--device", "cuda", "--cuda-graphs"]))["cuda_graphs"] is True


def test_what_only_a_load_takes_is_no_option_of_other_runs(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_run(parser.add_argument_group("engine"))
    with pytest.raises(SystemExit, match="2"):
        parser.parse_args(["--expected-digest", "0" * 64])
    assert "unrecognized arguments: --expected-digest" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "source", "expected"),
    [
        ({}, Format.LINES, Format.CSV),
        ({}, Format.TSV, Format.TSV),
        ({}, Format.JSONL, Format.JSONL),
        ({"output": "out.jsonl"}, Format.CSV, Format.JSONL),
        ({"output": "out.jsonl", "output_format": "tsv"}, Format.CSV, Format.TSV),
        ({"output": "out.csv", "json": True}, Format.CSV, Format.JSONL),
    ],
)
def test_the_format_of_the_output(given: dict[str, object], source: Format, expected: Format) -> None:
    options = argparse.Namespace(**{"output": "-", "output_format": None, "json": False, **given})
    assert row_format(options, source) is expected
