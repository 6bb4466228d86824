"""What the first lines of CSV and TSV say: the delimiter, the names of the columns, and what a row of them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from claxon.formats.csv_records import Quoting, Record, delimiter_of, fits

# Excel writes the delimiter into a first line of its own.
SEPARATOR_LINE = "sep="
TAB = "\t"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How fields are told apart.

    Attributes:
        delimiter: Between fields.
        quoting: What ``quote`` means at the beginning of a field.
        quote: Around fields.
    """

    delimiter: str
    quoting: Quoting = Quoting.STANDARD
    quote: str = '"'

    def settled(self, quoting: Quoting) -> Dialect:
        """The same with another way of reading quotes."""
        return replace(self, quoting=quoting)


def separator_of(first: str) -> str | None:
    """The delimiter that a first line ``sep=;`` names, with or without quotes around it; ``None`` where it is none."""
    line = first.rstrip("\r\n")
    line = line[1:-1] if len(line) > 1 and line[0] == line[-1] == '"' else line
    named = line.removeprefix(SEPARATOR_LINE)
    return named if line.startswith(SEPARATOR_LINE) and len(named) == 1 else None


def dialect_of(
    first: str, quoting: Quoting, *, is_tsv: bool, delimiter: str | None = None, quote: str | None = None
) -> Dialect:
    """The dialect of a file by its first line; what is given goes before what the line says."""
    quote = quote or '"'
    found = delimiter or separator_of(first) or (TAB if is_tsv else delimiter_of(first, quote))
    return Dialect(found, Quoting.STANDARD if quoting is Quoting.AUTO else quoting, quote)


def column_names(fields: Sequence[str]) -> tuple[str, ...]:
    """The columns; one without a name, as trailing delimiters make, goes by its position.

    Raises:
        ValueError: two have one name; the message says which.
    """
    columns = list(fields)
    for place, column in enumerate(fields):
        if not column:
            columns[place] = f"column_{place + 1}"
            while columns[place] in fields:
                columns[place] += "_"
    repeated = next((column for column in columns if columns.count(column) > 1), None)
    if repeated is not None:
        raise ValueError(f"names the column {repeated!r} twice")
    return tuple(columns)


def row_values(record: Record, columns: Sequence[str]) -> dict[str, str]:
    """The fields by column; what is missing at the end is not there."""
    return dict(zip(columns, record.fields, strict=False))


def row_problem(record: Record, columns: Sequence[str]) -> str | None:
    """Why a record is no row of these columns."""
    if record.problem is not None:
        return record.problem
    if not fits(record.fields, len(columns)):
        return f"has {len(record.fields)} fields, the header names {len(columns)}"
    return None
