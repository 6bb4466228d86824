"""What label files hold: labels alone, or settings beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from claxon.errors import MissingDependencyError, OptionError
from claxon.heads.label_files import LabelFile, read_label_file
from claxon.heads.label_sets import LabelSet


def read(folder: Path, name: str, content: str) -> LabelFile:
    (folder / name).write_text(content, encoding="utf-8")
    return read_label_file(folder / name)


@pytest.mark.parametrize("name", ["labels.yaml", "labels.YML"])
def test_yaml_and_json_say_the_same(tmp_path: Path, name: str) -> None:
    yaml = "# steps\nmargin: 0.02\nlabels:\n  bad: [awful, 'no']\n  good: fine\n"
    json = '{"margin": 0.02, "labels": {"bad": ["awful", "no"], "good": "fine"}}'
    expected = LabelFile({"bad": ["awful", "no"], "good": "fine"}, {"margin": 0.02})
    assert read(tmp_path, name, yaml) == read(tmp_path, "labels.json", json) == expected


@pytest.mark.parametrize("content", ['{"bad": "awful", "good": ["fine"]}', '["bad", "good"]', '"bad"'])
def test_labels_alone_have_no_settings(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, "labels.json", content).settings == {}


def test_labels_is_a_label_where_a_phrasing_stands_under_it(tmp_path: Path) -> None:
    found = read(tmp_path, "labels.json", '{"labels": "names", "prices": "numbers", "template": "a form"}')
    assert set(found.labels) == {"labels", "prices", "template"}


def test_a_list_of_names_may_have_settings(tmp_path: Path) -> None:
    assert read(tmp_path, "labels.yml", "labels: [bad, good]\nthreshold: null\n") == LabelFile(
        ["bad", "good"], {"threshold": None}
    )


def test_a_setting_among_the_labels_is_told_its_place(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="setting 'threshold' stands among the labels; put the labels under"):
        read(tmp_path, "labels.yaml", "threshold: 0.3\nbad: awful\ngood: fine\n")


def test_without_pyyaml_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    (tmp_path / "labels.yaml").write_text("[bad, good]")
    with pytest.raises(MissingDependencyError, match=r"labels\.yaml: .*claxon\[yaml\].*as JSON"):
        LabelSet.from_file(tmp_path / "labels.yaml")
    assert read(tmp_path, "labels.json", '["bad", "good"]').labels == ["bad", "good"]
