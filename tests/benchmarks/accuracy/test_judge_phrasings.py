"""The judgement of phrasings: shares, intervals and differences of the same reviews."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from accuracy import judge_phrasings as judge
from claxon_export.pipeline import export


def test_an_interval_holds_its_share_and_narrows_with_more_reviews() -> None:
    widths = []
    for count in (50, 5000):
        values = np.arange(count) % 4 == 0
        found = judge.share(values)
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.value < found.high
        assert found.value == pytest.approx(0.25, abs=0.02)
        widths.append(found.high - found.low)
    expected = 2 * 1.96 * np.sqrt(0.25 * 0.75 / 5000)
    assert widths[1] == pytest.approx(expected, rel=0.1)
    assert widths[0] > 5 * widths[1]


def test_all_three_ways_have_the_same_labels_in_the_same_order() -> None:
    sets = judge.label_sets()
    assert list(sets) == ["bare labels", "descriptions", "phrasings"]
    assert {labels.labels for labels in sets.values()} == {judge.STEPS}


@pytest.mark.filterwarnings("ignore::claxon.TruncationWarning")  # the tiny model cuts at 48 tokens
@pytest.mark.filterwarnings("ignore::claxon.LabelWarning")  # to random weights much is alike
def test_a_table_and_figures_are_written(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{judge.STEPS[i % 5 if i < 20 else 3]},good book {i}" for i in range(30)]
    (tmp_path / "reviews.csv").write_text("\n".join(["label,text", *rows]) + "\n")
    words = [str(tiny_bundle), "--reviews", str(tmp_path / "reviews.csv"), "--out", str(tmp_path / "out")]
    judge.main(words)
    page = (tmp_path / "out" / "five_steps.md").read_text()
    assert page == capsys.readouterr().out
    assert page.startswith(
        f"Made by `python benchmarks/accuracy/judge_phrasings.py {tiny_bundle.name} --reviews "
        f"{tmp_path.name}/reviews.csv --out FOLDER`, seed 0, 10,000 resamples.\n\n| bundle |"
    )
    assert str(tmp_path) not in page
    figures = json.loads((tmp_path / "out" / "five_steps.json").read_text())
    assert [row["labels"] for row in figures] == [
        "commonest label", "always Neutral", "bare labels", "descriptions", "phrasings"
    ]  # fmt: skip
    dummy, neutral, bare, *_ = figures
    assert dummy["accuracy"]["value"] == pytest.approx(14 / 30)
    assert dummy["within_one_step"]["value"] == pytest.approx(22 / 30)
    assert neutral["accuracy"]["value"] == pytest.approx(4 / 30)
    assert dummy["over_bare"]["value"] == pytest.approx(dummy["accuracy"]["value"] - bare["accuracy"]["value"])
    assert dummy["over_dummy"] == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_only_what_a_cpu_runs_is_judged(tiny_checkpoint: Path, tmp_path: Path) -> None:
    out = export(tiny_checkpoint, tmp_path / "bundle", precision=("fp32", "fp16"), verify=False)
    assert judge.cpu_precisions(str(out.path)) == ["fp32"]
