from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import claxon
import claxon_export
from claxon.cli.main import main
from claxon_export.errors import ParityError
from tests.gate_texts import gate_texts


def test_export_writes_a_bundle_and_says_how_far_it_is(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("a good book\nthe phone broke\n")
    out = tmp_path / "bundle"
    assert main(["export", str(tiny_checkpoint), str(out), "--max-tokens", "32", "--texts", str(texts)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{out}  ")
    assert f"on {len(gate_texts(tiny_checkpoint)) + 2} texts" in shown
    assert "max difference" in shown
    assert claxon.Bundle.open(out).manifest.encoder.max_tokens == 32
    assert main(["export", str(tiny_checkpoint), str(out)]) == 1
    assert main(["export", str(tiny_checkpoint), str(out), "--force", "--no-verify"]) == 0
    assert "not verified" in capsys.readouterr().out


def test_a_bundle_that_differs_is_shown_and_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def export(*_: object, **__: object) -> None:
        report: Any = "64 texts against torch\n  row 3 differs"
        raise ParityError("differs", report)

    # Not setattr: undone, it would leave the function where the package looks it up anew each time.
    monkeypatch.setitem(vars(claxon_export), "export", export)
    assert main(["export", "a/b", str(tmp_path / "out")]) == 1
    err = capsys.readouterr().err
    assert "  row 3 differs\n" in err
    assert err.endswith("nothing was written\n")


STEPS = """claxon: reading the checkpoint
claxon: writing the graph
claxon: comparing the bundle with its source
claxon: writing fp16
claxon: comparing fp16 with fp32
"""


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_each_step_is_one_line_where_there_is_no_terminal(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], quiet: list[str]
) -> None:
    assert main(["export", str(tiny_checkpoint), str(tmp_path / "out"), "--precision", "fp32,fp16", *quiet]) == 0
    assert capsys.readouterr().err == ("" if quiet else STEPS)


def test_python_shows_no_steps_unless_asked(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claxon_export.export(tiny_checkpoint, tmp_path / "quiet", verify=False)
    assert capsys.readouterr().err == ""
    claxon_export.export(tiny_checkpoint, tmp_path / "shown", verify=False, show_progress_bar=True)
    assert capsys.readouterr().err.splitlines() == STEPS.splitlines()[:2]


def test_texts_that_are_no_strings_are_refused_before_any_work(tmp_path: Path) -> None:
    texts: Any = ["good", None]
    with pytest.raises(claxon.InputError, match="row 1"):
        claxon_export.export(tmp_path / "nothing", tmp_path / "out", calibration=texts)


def test_help_names_every_native_architecture() -> None:
    from claxon_export.commands.export import NATIVE
    from claxon_export.graphs.architectures import ARCHITECTURES

    assert [word for word in re.split(r", | and | \(and v3\)", NATIVE) if word] == sorted(ARCHITECTURES)
