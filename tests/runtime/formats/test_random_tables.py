"""Random tables as Python's csv, pandas, polars, Excel and JSON write them: every row comes back, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from claxon.errors import InputError
from claxon.formats.rows import open_records

TABLES = 2000
PIECES = (
    "good",
    "bad",
    '"',
    '""',
    ",",
    ";",
    "\t",
    "\n",
    "\r\n",
    "\r",
    " ",
    "é",
    "日本",
    "'",
    "sep=;",
    "{",
    "[",
    "1.5",
    "\\",
)
Table = list[tuple[str, str]]


def random_table(rng: random.Random) -> Table:
    """Rows of an id and a text; some texts are empty or blank, some hold quotes, delimiters and line ends."""

    def text() -> str:
        return "".join(rng.choices(PIECES, k=rng.choice((0, 1, 1, 2, 3, 6))))

    return [(str(number), text()) for number in range(rng.randint(1, 6))]


def drop(table: Table, characters: str) -> None:
    """Take characters out of the texts that a writer would write so that nobody could read them back."""
    table[:] = [(number, "".join(c for c in text if c not in characters)) for number, text in table]


def delimiter_for(table: Table, rng: random.Random) -> str:
    """A text over several lines with tabs in each may be several rows of TSV that quotes nothing, as data sets are."""
    delimiter = rng.choice(",;\t")
    if delimiter == "\t":
        drop(table, "\t")
    return delimiter


def python_csv(table: Table, rng: random.Random) -> bytes:
    target = io.StringIO()
    quoting: Any = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC))
    writer = csv.writer(target, delimiter=delimiter_for(table, rng), quoting=quoting)
    writer.writerows([("id", "text"), *table])
    return target.getvalue().encode(rng.choice(("utf-8", "utf-8-sig", "utf-16")))


def pandas_csv(table: Table, rng: random.Random) -> bytes:
    delimiter, line_end = delimiter_for(table, rng), rng.choice(("\n", "\r\n"))
    if line_end == "\n":  # a lone carriage return is not quoted then
        drop(table, "\r")
    frame = pd.DataFrame(table, columns=["id", "text"])
    text: str = frame.to_csv(index=False, sep=delimiter, lineterminator=line_end)
    return text.encode(rng.choice(("utf-8", "utf-16")))


def polars_csv(table: Table, rng: random.Random) -> bytes:
    delimiter = delimiter_for(table, rng)
    style = rng.choice(("necessary", "always", "non_numeric"))
    frame = pl.DataFrame(table, schema=["id", "text"], orient="row")
    text: str = frame.write_csv(separator=delimiter, quote_style=style)
    return text.encode()


def excel_csv(table: Table, rng: random.Random) -> bytes:
    """Semicolons, perhaps announced; line ends of cells are single line feeds; columns without a name at the end."""
    target, extra = io.StringIO(), [""] * rng.choice((0, 0, 2))
    target.write(rng.choice(("", "sep=;\r\n")))
    writer = csv.writer(target, delimiter=";")
    rows = [(number, text.replace("\r\n", "\n").replace("\r", "\n")) for number, text in table]
    writer.writerows([[*row, *extra] for row in [("id", "text"), *rows]])
    table[:] = rows
    return target.getvalue().encode(rng.choice(("utf-8-sig", "utf-16")))


def one_column_csv(table: Table, rng: random.Random) -> bytes:
    target, line_end = io.StringIO(), rng.choice(("\n", "\r\n"))
    if line_end == "\n":
        drop(table, "\r")
    csv.writer(target, lineterminator=line_end).writerows([("text",), *((text,) for _, text in table)])
    return target.getvalue().encode()


def json_lines(table: Table, rng: random.Random) -> bytes:
    is_ascii = rng.random() < 0.5
    lines = [json.dumps({"id": number, "text": text}, ensure_ascii=is_ascii) for number, text in table]
    return rng.choice(("\n", "\r\n")).join(lines).encode(rng.choice(("utf-8", "utf-16")))


def json_array(table: Table, rng: random.Random) -> bytes:
    rows = [{"id": number, "text": text} for number, text in table]
    return json.dumps(rows, indent=rng.choice((None, 2))).encode()


WRITERS: dict[str, tuple[Callable[[Table, random.Random], bytes], str]] = {
    "csv": (python_csv, "csv"),
    "pandas": (pandas_csv, "csv"),
    "polars": (polars_csv, "csv"),
    "excel": (excel_csv, "csv"),
    "one column": (one_column_csv, "csv"),
    "json lines": (json_lines, "jsonl"),
    "json array": (json_array, "json"),
}


def read(path: Path, quoting: str = "auto") -> list[str]:
    with open_records(str(path), text_column="text", quoting=quoting) as records:
        return [row.text for row in records]


def refusal(path: Path) -> str | None:
    """Why a file is refused, if it is."""
    try:
        read(path)
    except InputError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", WRITERS)
def test_every_row_comes_back_or_the_error_names_the_option_that_brings_it_back(name: str, tmp_path: Path) -> None:
    write, suffix = WRITERS[name]
    path, refused = tmp_path / f"in.{suffix}", 0
    for seed in range(TABLES):
        table = random_table(rng := random.Random(seed))
        path.write_bytes(write(table, rng))
        texts = [text for _, text in table]
        error = refusal(path)
        refused += error is not None
        assert error is None or "--quoting" in error, f"seed {seed}: {error}"
        assert read(path, "auto" if error is None else "standard") == texts, f"seed {seed}: {path.read_bytes()!r}"
    assert refused <= TABLES // (2 if name == "one column" else 20)
