"""The folder of a report is written whole or not at all."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from claxon.errors import MissingDependencyError
from claxon_export.errors import ExportError, TargetExistsError
from claxon_export.evaluation.plots.gallery import Gallery, Picture
from claxon_export.evaluation.report import report
from claxon_export.evaluation.report.report import write_report
from claxon_export.evaluation.results import Evaluation
from tests.evaluations import sample_evaluation


@pytest.fixture
def evaluation() -> Evaluation:
    return sample_evaluation()


def test_page_json_and_pictures_lie_beside_each_other(evaluation: Evaluation, tmp_path: Path) -> None:
    page = write_report(evaluation, tmp_path / "report")
    assert page == tmp_path / "report" / "index.html"
    names = {path.name for path in page.parent.iterdir()}
    assert names == {
        "index.html",
        "evaluation.json",
        "confusion-mood.png",
        "confusion-topic.png",
        "reliability-mood.png",
        "scores-mood.png",
        "scores-topic.png",
        "labels-embedding.png",
        "map-mood.png",
        "map-topic.png",
        "learning-embedding.png",
    }
    assert json.loads((page.parent / "evaluation.json").read_text(encoding="utf-8")) == json.loads(evaluation.to_json())


def test_report_of_tables_alone(evaluation: Evaluation, tmp_path: Path) -> None:
    page = write_report(evaluation, tmp_path / "report", pictures=False)
    assert {path.name for path in page.parent.iterdir()} == {"index.html", "evaluation.json"}


def test_existing_report_is_replaced_only_when_asked(evaluation: Evaluation, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    write_report(evaluation, folder, pictures=False)
    (folder / "old.png").write_bytes(b"")
    with pytest.raises(TargetExistsError, match="give --force"):
        write_report(evaluation, folder, pictures=False)
    write_report(evaluation, folder, pictures=False, force=True)
    assert not (folder / "old.png").exists()


def test_what_is_no_report_is_never_replaced(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("x")
    with pytest.raises(ExportError, match="is not a report, so it is not replaced"):
        write_report(evaluation, tmp_path, pictures=False, force=True)
    assert (tmp_path / "precious.txt").read_text() == "x"


def test_nothing_is_left_of_a_report_that_failed(
    evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(report, "page", fail)
    with pytest.raises(ExportError, match="No space left on device; nothing was changed"):
        write_report(evaluation, tmp_path / "report", pictures=False)
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_nothing_is_written(
    evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'claxon\[report\]'"):
        write_report(evaluation, tmp_path / "report")
    assert list(tmp_path.iterdir()) == []


def test_a_heads_name_cannot_leave_the_folder(
    evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = Picture("map-../../x/ü", None, "", "", "", b"png")
    monkeypatch.setattr(report, "drawn", lambda _: Gallery((hostile,), {}))
    write_report(replace(evaluation), tmp_path / "report")
    assert (tmp_path / "report" / "map-.._.._x__.png").read_bytes() == b"png"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize(
    "names", [("confusion-情感", "confusion-感情"), ("map-a b", "map-a_b"), ("map-Mood", "map-mood")]
)
def test_pictures_whose_names_become_one_are_all_kept(
    names: tuple[str, str], evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = tuple(Picture(name, None, "", "", "", name.encode()) for name in (*names, "map-other"))
    monkeypatch.setattr(report, "drawn", lambda _: Gallery(pictures, {}))
    write_report(evaluation, tmp_path / "report")
    files = list((tmp_path / "report").glob("*.png"))
    assert {path.read_bytes() for path in files} == {picture.content for picture in pictures}
    assert len({path.name.casefold() for path in files}) == 3
    assert (tmp_path / "report" / "map-other.png").exists()
