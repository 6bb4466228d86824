"""An evaluation and its pictures -> one HTML page that needs nothing else: no script, no font, no request."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from importlib.resources import files

from claxon_export.evaluation.plots.gallery import Gallery, Picture
from claxon_export.evaluation.report.markup import (
    EMPTY,
    Column,
    Content,
    Markup,
    joined,
    listing,
    own_direction,
    section,
    table,
    tag,
)
from claxon_export.evaluation.report.page_tables import (
    comparison_table,
    conditions_list,
    figures_table,
    label_table,
    report_table,
    slow_table,
    wrong_table,
)
from claxon_export.evaluation.results import Evaluation, HeadEvaluation
from claxon_export.evaluation.wording import BASELINES, percent, reasons, source_facts, title
from claxon_export.metrics.results import Metric

# Nothing but the page's own style and pictures may be loaded, and nothing may be run.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
NO_GALLERY = Gallery((), {})


def page(evaluation: Evaluation, gallery: Gallery = NO_GALLERY) -> str:
    """The whole page."""
    head = joined(
        [
            Markup('<meta charset="utf-8">'),
            Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Markup(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
            tag("title", title(evaluation)),
            tag("style", Markup(_style())),
        ]
    )
    body = joined([_introduction(evaluation), *_sections(evaluation, gallery)])
    root = Markup(f'<html lang="en">\n{tag("head", head).html}\n{tag("body", tag("main", body)).html}\n</html>')
    return f"<!doctype html>\n{root.html}\n"


def _style() -> str:
    return (files("claxon_export.evaluation.report") / "page.css").read_text(encoding="utf-8")


def _introduction(evaluation: Evaluation) -> Markup:
    source, ran = evaluation.source, evaluation.conditions
    what = f"{source.texts:,} texts, {len(source.label_counts)} labels; {ran.precision} on {ran.device}."
    notes = [*source_facts(evaluation), *evaluation.notes]
    links = [("heads", "Figures"), *((_anchor(head), head.name) for head in evaluation.heads), *_last_links()]
    return joined(
        [
            tag("h1", title(evaluation)),
            tag("p", what, class_="muted"),
            tag("nav", joined((tag("a", name, href=f"#{anchor}") for anchor, name in links), " "), aria_label="Parts"),
            tag("div", joined(_card(head, evaluation) for head in evaluation.heads), class_="cards"),
            listing(notes),
        ]
    )


def _last_links() -> Iterable[tuple[str, str]]:
    return [("texts", "The texts"), ("method", "How it was evaluated")]


def _card(head: HeadEvaluation, evaluation: Evaluation) -> Markup:
    accuracy = head.metrics[Metric.ACCURACY]
    baseline = evaluation.baselines[0]
    interval = (
        f", 95 % interval {percent(accuracy.low)} to {percent(accuracy.high)}"
        if accuracy.low is not None and accuracy.high is not None
        else ""
    )
    against = f"{BASELINES[baseline.name]}: {percent(baseline.metrics[Metric.ACCURACY].value)}"
    words = [
        tag("p", own_direction(head.name), class_="muted"),
        tag("b", percent(accuracy.value)),
        tag("p", f"of the texts labeled right{interval}"),
        tag("p", against, class_="muted"),
    ]
    return tag("div", joined(words), class_="card")


def _sections(evaluation: Evaluation, gallery: Gallery) -> Iterator[Markup]:
    yield section("heads", "Figures", _figures(evaluation))
    for head in evaluation.heads:
        yield section(_anchor(head), joined(["Head ", own_direction(head.name)], ""), _head(head, evaluation, gallery))
    yield section("texts", "The texts", _texts(evaluation, gallery))
    yield section("method", "How it was evaluated", conditions_list(evaluation))


def _figures(evaluation: Evaluation) -> Iterator[Markup]:
    yield figures_table(evaluation)
    yield tag("p", joined([f"{reason}." for reason in reasons(evaluation)], " "), class_="note")
    if evaluation.comparisons:
        yield tag("h3", "Compared on the same texts")
        yield comparison_table(evaluation)


def _head(head: HeadEvaluation, evaluation: Evaluation, gallery: Gallery) -> Iterator[Markup]:
    yield tag("p", f"{head.kind} head on the feature {head.feature}, {len(head.labels)} labels.", class_="muted")
    own = [picture for picture in gallery.pictures if picture.head == head.name]
    yield _pictures(own)
    yield tag("h3", "Label by label")
    yield report_table(head)
    yield tag("h3", "Most confidently wrong")
    yield wrong_table(head, evaluation.source.place) if head.wrong else tag("p", "No text was given a wrong label.")


def _texts(evaluation: Evaluation, gallery: Gallery) -> Iterator[Markup]:
    yield _pictures([picture for picture in gallery.pictures if picture.head is None])
    if gallery.numbered_labels:
        rows = [(name, own_direction(label)) for name, label in gallery.numbered_labels.items()]
        caption = "Labels that no font on the machine that drew the pictures can show"
        yield table([Column("in pictures"), Column("label")], rows, caption=caption, kind="words")
    yield tag("h3", "Labels")
    yield label_table(evaluation)
    yield tag("h3", "Slowest")
    yield slow_table(evaluation)


def _pictures(pictures: Iterable[Picture]) -> Markup:
    """Two beside each other; the wide ones, and one that would stand alone, take the whole line."""
    listed = list(pictures)
    narrow = [picture.name for picture in listed if not picture.is_wide]
    alone = narrow[-1:] if len(narrow) % 2 else []
    shown = [_figure(picture, is_whole=picture.is_wide or picture.name in alone) for picture in listed]
    return tag("div", joined(shown), class_="pictures") if shown else EMPTY


def _figure(picture: Picture, *, is_whole: bool) -> Markup:
    address = f"data:image/png;base64,{base64.b64encode(picture.content).decode('ascii')}"
    image = tag("img", src=address, alt=picture.alt).html.removesuffix("</img>")
    caption: list[Content] = [tag("strong", f"{picture.title}."), picture.caption]
    parts = [tag("div", Markup(image)), tag("figcaption", joined(caption, " "))]
    return tag("figure", joined(parts), class_=" ".join(["whole"] * is_whole + ["wide"] * picture.is_wide))


def _anchor(head: HeadEvaluation) -> str:
    return f"head-{head.name}"
