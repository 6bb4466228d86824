from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from claxon_export.demo import demo
from claxon_export.demo.minilm import Fetched


@pytest.fixture
def with_tiny_models(monkeypatch: pytest.MonkeyPatch, tiny_checkpoint: Path, tiny_classifier: Path) -> None:
    """The demo's models are random ones, so that nothing is downloaded."""
    monkeypatch.setattr(demo, "get_minilm", lambda work, is_hub_there: Fetched(tiny_checkpoint, "a tiny checkpoint"))
    monkeypatch.setattr(demo, "DISTILBERT_ID", str(tiny_classifier))


@pytest.mark.filterwarnings("ignore::claxon.TruncationWarning")  # the tiny models cut at 48 tokens
@pytest.mark.filterwarnings("ignore::claxon.LabelWarning")  # to their random weights much is alike
@pytest.mark.usefixtures("with_tiny_models")
def test_offline_demo_labels_every_unseen_text_by_both_heads(tmp_path: Path) -> None:
    lines: list[str] = []
    demo.run(tmp_path, offline=True, show=lines.append)
    shown = "\n".join(lines)
    assert (tmp_path / "minilm" / "manifest.json").is_file()
    rows = [line for line in lines if "positive, " in line or "negative, " in line]
    assert len(rows) == 12
    assert re.search(r"parity: \d\d texts, bundle against source", shown)
    assert "has no column here" in shown
    assert not (tmp_path / "distilbert-sst2").exists()


@pytest.mark.filterwarnings("ignore::claxon.TruncationWarning")  # the tiny models cut at 48 tokens
@pytest.mark.filterwarnings("ignore::claxon.LabelWarning")  # to their random weights much is alike
@pytest.mark.usefixtures("with_tiny_models")
def test_demo_adds_the_classifiers_column_where_the_hub_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "hub_answers", lambda: True)
    lines: list[str] = []
    demo.run(tmp_path, show=lines.append)
    header = next(line for line in lines if line.startswith("text "))
    assert header.split()[-2:] == ["DistilBERT", "SST-2"]
    assert any(line.rstrip().endswith(("POSITIVE", "NEGATIVE")) for line in lines)


def test_packaged_training_sentences_are_balanced_and_all_different() -> None:
    rows = demo.read_table("demo_train.csv")
    assert Counter(row["label"] for row in rows) == {"positive": 60, "negative": 60}
    assert len({row["text"] for row in rows}) == 120


def test_no_unseen_text_is_a_training_text() -> None:
    unseen = demo.read_table("demo_unseen.csv")
    assert len(unseen) == 12
    assert not {row["text"] for row in unseen} & {row["text"] for row in demo.read_table("demo_train.csv")}
    assert {row["stars"] for row in unseen} == set(demo.likert_labels().labels)


def test_table_aligns_its_columns() -> None:
    assert demo.table([["text", "label"], ["a longer text", "x"]]) == [
        "text           label",
        "-------------  -----",
        "a longer text  x",
    ]
