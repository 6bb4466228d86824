from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from reliability import __main__ as campaign
from reliability.part import Outcome, Settings


@pytest.fixture
def words(small_bundle: Path, tmp_path: Path) -> list[str]:
    folders = ["--folder", str(tmp_path / "scratch"), "--out", str(tmp_path / "out")]
    return ["--bundle", str(small_bundle), "--seed", "5", "--scale", "0.5", *folders]


def plant(monkeypatch: pytest.MonkeyPatch, **outcomes: Outcome | Exception) -> list[Settings]:
    """Parts of these names, which give these outcomes; the settings that they were given."""
    given = []
    for name, outcome in outcomes.items():
        part = ModuleType(f"reliability.{name}", f"About {name}.\n\nMore.")

        def run(settings: Settings, outcome: Outcome | Exception = outcome) -> Outcome:
            given.append(settings)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        part.run = run  # type: ignore[attr-defined]  # a module made on the spot
        monkeypatch.setitem(sys.modules, f"reliability.{name}", part)
    monkeypatch.setattr(campaign, "PARTS", tuple(outcomes))
    return given


def test_every_part_is_run_in_turn_and_written(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = plant(monkeypatch, one=Outcome("one", 1.0, {"cases": 2}), two=Outcome("two", 1.0))
    assert campaign.main(words) == 0
    assert [(settings.seed, settings.scale) for settings in given] == [(5, 0.5)] * 2
    assert [settings.folder for settings in given] == [tmp_path / "scratch" / "one", tmp_path / "scratch" / "two"]
    assert json.loads((tmp_path / "out" / "one.json").read_text())["about"] == "About one"
    page = (tmp_path / "out" / "campaign.md").read_text()
    assert "| one | About one | 50.00% of the full size: 2 cases |" in page
    assert "| two | About two |" in page
    assert capsys.readouterr().out.startswith("one: 2 cases; 0 failures, 1 s\ntwo: ")


@pytest.mark.parametrize(
    "outcome",
    [Outcome("one", 1.0, failures=["no"]), Outcome("one", 0.0, not_run="why"), LookupError("in the part itself")],
    ids=["failed", "not run", "ended with an error"],
)
def test_anything_else_than_success_is_told_by_the_exit_code_and_the_others_run(
    outcome: Outcome | Exception, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = plant(monkeypatch, one=outcome, two=Outcome("two", 1.0))
    assert campaign.main(words) == 1
    assert len(given) == 2
    assert ("ended with LookupError" in (tmp_path / "out" / "one.json").read_text()) == (type(outcome) is LookupError)


def test_one_part_alone_keeps_the_rows_of_the_others(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, one=Outcome("one", 1.0), two=Outcome("two", 1.0))
    campaign.main(words)
    (tmp_path / "scratch" / "two" / "left").touch()
    given = plant(monkeypatch, one=Outcome("one", 1.0), two=Outcome("two", 1.0, failures=["new"]))
    assert campaign.main([*words, "two"]) == 1
    assert len(given) == 1
    assert list((tmp_path / "scratch" / "two").iterdir()) == []
    page = (tmp_path / "out" / "campaign.md").read_text()
    assert "| one |" in page
    assert "- two: new" in page


def test_the_parts_that_there_are_can_be_imported() -> None:
    for name in campaign.PARTS:
        assert callable(__import__(f"reliability.{name}", fromlist=["run"]).run)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["three"], "three is no part, expected any of bitflips, "),
        (["--scale", "0"], "0 is no scale"),
        (["--scale", "nan"], "nan is no scale"),
    ],
)
def test_invalid_arguments_are_usage_errors(
    wrong: list[str], message: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        campaign.main([*words, *wrong])
    assert ending.value.code == 2
    assert message in capsys.readouterr().err


def test_from_elsewhere_than_the_root_the_way_out_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "reliability.small_bundle", None)
    assert campaign.main(["bitflips", "--folder", str(tmp_path / "a"), "--out", str(tmp_path / "b")]) == 1
    assert "run this from the repository's root" in capsys.readouterr().err


def test_a_bundle_that_is_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "bitflips",
        "--bundle",
        str(tmp_path / "no"),
        "--folder",
        str(tmp_path / "a"),
        "--out",
        str(tmp_path / "b"),
    ]
    assert campaign.main(words) == 1
    assert "is not a folder" in capsys.readouterr().err
