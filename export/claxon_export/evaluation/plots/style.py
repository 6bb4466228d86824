"""How every picture looks: colors that the color-blind tell apart, and a shape or a hatch wherever a color speaks.

Colors are those of Okabe and Ito 2008, "Color Universal Design".
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claxon_export.requirements import required

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, MUTED, FAINT = "#22262b", "#5c636b", "#e4e6e9"
BLUE, VERMILLION = "#0072B2", "#D55E00"
RIGHT, WRONG = BLUE, VERMILLION
WRONG_HATCH = "////"
CYCLE = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8F7A00", "#3B3F45")
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")
# From paper to a blue on which white can be read.
SEQUENTIAL = ("#ffffff", "#d6e8f4", "#9fc9e3", "#569fcb", "#0072b2", "#00436b")
DPI = 160
STYLE: dict[Any, Any] = {
    "font.size": 9.5,
    "text.color": INK,
    "text.parse_math": False,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#8a9098",
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "savefig.dpi": DPI,
    "figure.facecolor": "white",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A color and a shape; no two of a picture's first 64 labels share both."""

    colour: str
    marker: str


def mark(position: int) -> Mark:
    """The mark of the label at that position; color and shape change together first."""
    round_, place = divmod(position, len(CYCLE))
    return Mark(CYCLE[place], MARKERS[(place + round_) % len(MARKERS)])


@contextmanager
def drawing(families: Sequence[str]) -> Iterator[None]:
    """Draw in this style, with these fonts, whatever the user's own settings are."""
    matplotlib = required("matplotlib", extra="report")
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**STYLE, "font.family": list(families)})
        yield


def blank(width: float, height: float) -> Figure:
    """A figure of so many inches."""
    figure: Figure = required("matplotlib.figure", extra="report").Figure(figsize=(width, height), layout="constrained")
    return figure


def sequential(*, with_paper: bool = True) -> Any:
    """The color map of ``SEQUENTIAL``; without paper, the least of it can be told from nothing at all."""
    colours = required("matplotlib.colors", extra="report")
    return colours.LinearSegmentedColormap.from_list("claxon", SEQUENTIAL if with_paper else SEQUENTIAL[1:])


def png(figure: Figure) -> bytes:
    """The figure as PNG; the same bytes for the same figure."""
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()
