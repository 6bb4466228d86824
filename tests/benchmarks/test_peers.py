from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claxon_bench import peers
from claxon_bench.roster import PEERS, claxon_engine


def test_every_engine_has_its_requirements_and_they_are_pinned() -> None:
    for spec in [*PEERS, claxon_engine("fp32"), claxon_engine("fp32", "openvino")]:
        path = peers.REQUIREMENTS / f"{spec.environment}.txt"
        lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
        assert lines
        assert all("==" in line for line in lines) or spec.is_claxon


def test_package_can_be_taken_out_again() -> None:
    assert peers.removed_packages("# without: torchvision\n# (a reason)\ntorch==2\n") == ["torchvision"]


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What pip was asked for, instead of pip; ``fails`` makes no environment."""
    calls: list[tuple[str, ...]] = []

    def run(environment: Path, *words: str) -> bool:
        calls.append((environment.name, *words[:1]))
        return "fails" not in str(environment)

    def create(environment: Path, **_: Any) -> None:
        environment.mkdir(parents=True)

    monkeypatch.setattr(peers, "_pip", run)
    monkeypatch.setattr("venv.create", create)
    return calls


def test_environment_is_made_once(pip: list[tuple[str, ...]], tmp_path: Path) -> None:
    assert peers.main(["fastembed", "optimum-intel", "--folder", str(tmp_path)]) == 0
    assert pip == [("fastembed", "install"), ("optimum-intel", "install"), ("optimum-intel", "uninstall")]
    assert peers.main(["fastembed", "--folder", str(tmp_path)]) == 0
    assert len(pip) == 3


def test_other_requirements_make_it_anew(pip: list[tuple[str, ...]], tmp_path: Path) -> None:
    peers.make("fastembed", tmp_path)
    (tmp_path / "fastembed" / peers.STAMP).write_text("another")
    peers.make("fastembed", tmp_path)
    assert pip == [("fastembed", "install")] * 2


def test_one_that_fails_is_told_of_and_tried_again(
    pip: list[tuple[str, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "fails")
    assert peers.main(["fastembed", "--folder", folder]) == 1
    assert "could not be made: fastembed" in capsys.readouterr().err
    assert peers.main(["fastembed", "--folder", folder]) == 1
    assert len(pip) == 2
