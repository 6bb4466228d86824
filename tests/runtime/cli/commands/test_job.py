from __future__ import annotations

from pkgutil import resolve_name

import pytest

from claxon.cli.command import Command
from claxon.cli.commands.job import JOB
from claxon.cli.main import main


@pytest.mark.parametrize("name", JOB.members)
def test_every_member_is_a_command_of_its_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    found: Command = resolve_name(JOB.members[name].target)
    assert found.name == f"job {name}"
    assert main(["job", name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: claxon job {name} ")


def test_the_help_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job", "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: claxon job COMMAND")
    for name in JOB.members:
        assert f"\n  {name} " in out
    assert main(["job"]) == 2


def test_an_unknown_member(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job", "walk"]) == 2
    assert (
        capsys.readouterr().err
        == "claxon: error: claxon job has no command 'walk'; choose one of run, status, verify, merge\n"
    )
