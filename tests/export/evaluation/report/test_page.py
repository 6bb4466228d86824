"""The page: whole in itself, escaped, and readable without seeing the pictures."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from claxon_export.evaluation.plots.gallery import Gallery, Picture
from claxon_export.evaluation.report.page import page
from claxon_export.evaluation.results import Evaluation
from tests.evaluations import sample_evaluation, with_source_name

PNG = b"\x89PNG\r\n\x1a\n"
HOSTILE = '"><script>alert(1)</script>'
VOID = {"meta", "img", "line", "circle"}


class Reader(HTMLParser):
    """The tags and the texts of a page; fails where an element is not closed."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(content)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def gallery(alt: str = "What is to be seen") -> Gallery:
    names = ("confusion-mood", "reliability-mood", "scores-mood")
    pictures = [Picture(name, "mood", name, alt, "Read it so.", PNG) for name in names]
    whole = Picture("labels-embedding", None, "Labels", alt, "Or so.", PNG, True)
    return Gallery((*pictures, whole), {"#1": "日本"})


def read(evaluation: Evaluation, pictures: Gallery | None = None) -> Reader:
    return Reader(page(evaluation, gallery() if pictures is None else pictures))


@pytest.mark.parametrize("labels", [("bad", "good"), (0, 1), (False, True), tuple(f"label {i}" for i in range(20))])
def test_page_is_well_formed(labels: tuple[str, ...]) -> None:
    assert read(sample_evaluation(labels)).tags


def test_page_asks_for_nothing_outside_itself() -> None:
    result = read(sample_evaluation())
    assert {"script", "link", "iframe", "object"}.isdisjoint(name for name, _ in result.tags)
    addresses = [
        value for _, attributes in result.tags for key, value in attributes.items() if key in ("src", "href", "action")
    ]
    assert addresses
    assert all(str(address).startswith(("data:image/png;base64,", "#")) for address in addresses)
    assert not re.search(r"url\(|@import|https?:", page(sample_evaluation(), gallery()))


def test_policy_forbids_all_but_the_pages_own() -> None:
    (policy,) = [result for name, result in read(sample_evaluation()).tags if "http-equiv" in result]
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_texts_are_shown_not_run() -> None:
    evaluation = sample_evaluation((HOSTILE, "good"))  # the quoted texts hold a <script> of their own
    evaluation = replace(evaluation, notes=(HOSTILE,), heads=tuple(replace(h, name=HOSTILE) for h in evaluation.heads))
    result = read(with_source_name(evaluation, HOSTILE), gallery(alt=HOSTILE))
    assert "script" not in {name for name, _ in result.tags}
    assert any("<script>alert('é')</script>" in text for text in result.texts)
    assert any(HOSTILE in text for text in result.texts)


def test_links_lead_somewhere() -> None:
    result = read(sample_evaluation())
    anchors = {attributes["id"] for _, attributes in result.tags if "id" in attributes}
    links = {str(attributes["href"]).removeprefix("#") for name, attributes in result.tags if name == "a"}
    assert links
    assert links <= anchors


def test_pictures_are_inside_and_have_words() -> None:
    images = [attributes for name, attributes in read(sample_evaluation()).tags if name == "img"]
    assert len(images) == 4
    for image in images:
        assert base64.b64decode(str(image["src"]).partition(",")[2]) == PNG
        assert image["alt"] == "What is to be seen"


def test_wide_pictures_and_one_that_would_stand_alone_take_the_whole_line() -> None:
    figures = [attributes.get("class") for name, attributes in read(sample_evaluation()).tags if name == "figure"]
    assert figures == [None, None, "whole", "whole wide"]


def test_every_table_has_headers() -> None:
    result = read(sample_evaluation())
    assert sum(name == "table" for name, _ in result.tags) >= 8
    assert all("scope" in attributes for name, attributes in result.tags if name == "th")


def test_labels_that_pictures_number_are_told() -> None:
    assert "日本" in read(sample_evaluation()).texts
    assert "日本" not in read(sample_evaluation(), Gallery((), {})).texts


def test_page_without_pictures() -> None:
    result = read(sample_evaluation(), Gallery((), {}))
    assert "img" not in {name for name, _ in result.tags}


def test_figures_comparisons_and_methods_are_there() -> None:
    words = " ".join(read(sample_evaluation()).texts)
    for part in ("macro F1", "McNemar", "2 left out: without text", "1 of 120 texts were cut", "Guo et al.", "d" * 64):
        assert part in words


def test_a_head_that_is_never_wrong_has_no_table_of_wrong_texts() -> None:
    evaluation = sample_evaluation()
    evaluation = replace(evaluation, heads=tuple(replace(head, wrong=()) for head in evaluation.heads))
    assert "No text was given a wrong label." in read(evaluation).texts
