"""The few pieces of HTML that the page is made of; whatever comes from outside is escaped here."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from claxon_export.evaluation.wording import visible


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML that is ready to stand in the page; plain ``str`` is escaped wherever it is put beside."""

    html: str


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column: its title, and the class of its cells."""

    title: str
    kind: str = ""


Content = str | Markup
EMPTY = Markup("")


def escaped(content: Content) -> str:
    """Markup as it is, anything else with every special character escaped and no control characters."""
    if isinstance(content, Markup):
        return content.html
    return html.escape(visible(content, kept="\n\t"))


def joined(parts: Iterable[Content], between: str = "\n") -> Markup:
    """Parts one after the other."""
    return Markup(between.join(escaped(part) for part in parts))


def tag(name: str, content: Content = "", **attributes: str) -> Markup:
    """An element; ``class_`` is the attribute ``class``, an attribute without a value is left out."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"' for key, value in attributes.items() if value
    )
    return Markup(f"<{name}{words}>{escaped(content)}</{name}>")


def own_direction(text: str) -> Markup:
    """A text in the direction that its own letters ask for, whatever stands beside it."""
    return tag("bdi", text, dir="auto")


def table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[Content]],
    *,
    caption: str = "",
    kind: str = "",
    row_kinds: Sequence[str] = (),
) -> Markup:
    """A table whose first cells are headers of their rows, in a box that scrolls where it is too wide."""
    head = joined((tag("th", column.title, scope="col") for column in columns), "")
    lines = []
    for place, row in enumerate(rows):
        first = tag("th", row[0], scope="row")
        cells = (tag("td", cell, class_=column.kind) for cell, column in zip(row[1:], columns[1:], strict=True))
        lines.append(tag("tr", joined([first, *cells], ""), class_=row_kinds[place] if row_kinds else ""))
    parts = [
        tag("caption", caption) if caption else EMPTY,
        tag("thead", tag("tr", head)),
        tag("tbody", joined(lines)),
    ]
    return tag("div", tag("table", joined(parts), class_=kind), class_="wide")


def section(anchor: str, title: Content, parts: Iterable[Content]) -> Markup:
    """A part of the page with its heading."""
    return tag("section", joined([tag("h2", title), *parts]), id=anchor)


def listing(items: Iterable[Content]) -> Markup:
    """A list; nothing at all without items."""
    lines = [tag("li", item) for item in items]
    return tag("ul", joined(lines)) if lines else EMPTY


def definitions(pairs: Iterable[tuple[str, Content]]) -> Markup:
    """Names and what they are."""
    return tag(
        "dl", joined(tag(name, content) for pair in pairs for name, content in zip(("dt", "dd"), pair, strict=True))
    )
