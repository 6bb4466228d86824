"""The choice of phrasings: made on reviews with stars, the same for the same seed."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from accuracy import choose_phrasings as choose
from claxon.heads.label_sets import Combine
from claxon.heads.similarity import label_matrix, similarity_scores

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "benchmarks" / "accuracy"


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["domain", "stars", "text"])
        writer.writeheader()
        for i in range(40):
            domain, stars = ("books", "dvd")[i % 2], "1245"[i // 2 % 4]
            writer.writerow({"domain": domain, "stars": stars, "text": f"begin{stars} {domain} {i} end{stars}"})
    return path


def test_the_middle_is_made_of_two_and_four_stars_of_one_kind(reviews: Path) -> None:
    found = choose.read_reviews(str(reviews), seed=0)
    middle = [text for text, step in zip(found.texts, found.steps, strict=True) if step == choose.MIDDLE]
    assert len(middle) == choose.TEXTS_A_STEP
    assert {tuple(sorted({"2" in text, "4" in text})) for text in middle} == {(True,)}
    assert all(("books" in text) != ("dvd" in text) for text in middle)
    assert [int((found.steps == step).sum()) for step in (0, 1, 3, 4)] == [10, 10, 10, 10]
    assert (
        choose.read_reviews(str(reviews), seed=0).texts
        == found.texts
        != choose.read_reviews(str(reviews), seed=1).texts
    )


def test_what_is_missed_least_is_what_the_heads_scores_say() -> None:
    """The short cut by dot products against the cosines that claxon itself computes."""
    random = np.random.default_rng(0)
    texts, candidates = random.normal(size=(60, 12)), random.normal(size=(20, 12))
    texts, candidates = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (texts, candidates))
    steps = np.arange(60) % 5
    choice = [list(range(start, start + 4)) for start in range(0, 20, 4)]
    found = choose.Used(texts @ candidates.T, candidates @ candidates.T).without(choice, 1, steps)
    for place, gone in enumerate(choice[1]):
        left = [[row for row in group if row != gone] for group in choice]
        counts = [len(group) for group in left]
        matrix = label_matrix(candidates[[row for group in left for row in group]], counts, Combine.MEAN)
        best = similarity_scores(texts.astype(np.float32), matrix, counts, Combine.MEAN).argmax(axis=1)
        assert found[place] == pytest.approx(choose.balanced_accuracy(best, steps))


@pytest.mark.filterwarnings("ignore::claxon.TruncationWarning")  # the tiny model cuts at 48 tokens
def test_the_same_call_writes_the_same_file(
    tiny_bundle: Path, reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "PHRASINGS_A_STEP", 3)
    monkeypatch.setattr(choose, "TEXTS_A_STEP", 8)
    for name in ("a.json", "b.json"):
        choose.main([str(tiny_bundle), "--reviews", str(reviews), "--out", str(tmp_path / name)])
    chosen = json.loads((tmp_path / "a.json").read_text())
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    candidates = json.loads((FOLDER / "phrasing_candidates.json").read_text())
    assert list(chosen) == list(choose.STEPS)
    for step, phrasings in chosen.items():
        assert len(phrasings) == 3
        assert set(phrasings) <= set(candidates[step])


def test_the_packaged_phrasings_are_candidates() -> None:
    packaged = json.loads((ROOT / "export" / "claxon_export" / "texts" / "likert.json").read_text())
    candidates = json.loads((FOLDER / "phrasing_candidates.json").read_text())
    assert list(packaged) == list(candidates) == list(choose.STEPS)
    for step, phrasings in packaged.items():
        assert len(phrasings) == choose.PHRASINGS_A_STEP
        assert set(phrasings) <= set(candidates[step])
