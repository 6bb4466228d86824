"""What each part of int8 is worth: every part is really left out, and put back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accuracy import int8_parts
from tests.texts import TEXTS


@pytest.mark.filterwarnings("ignore::claxon.TruncationWarning")  # the tiny model cuts at 48 tokens
def test_a_table_and_figures_are_written(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "texts.csv").write_text("\n".join(["text", *(f'"{text}"' for text in TEXTS if text)]))
    words = [str(tiny_checkpoint), "--texts", str(tmp_path / "texts.csv"), "--rows", "8", "--out", str(tmp_path)]
    int8_parts.main(words)
    page = (tmp_path / "int8_parts.md").read_text()
    assert page == capsys.readouterr().out
    assert page.startswith(
        f"Made by `python benchmarks/accuracy/int8_parts.py {tiny_checkpoint.name} --texts "
        f"{tmp_path.name}/texts.csv --rows 8 --out FOLDER`.\n\n| left out |"
    )
    found = {row["left_out"]: row for row in json.loads((tmp_path / "int8_parts.json").read_text())}
    assert list(found) == list(int8_parts.PARTS)
    whole = found[int8_parts.WHOLE]["mean"]
    assert 0 < whole < 0.02
    assert len({row["mean"] for row in found.values()}) >= len(found) - 1
