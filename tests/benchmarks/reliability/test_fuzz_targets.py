from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claxon.classifier import Classifier
from claxon.errors import BundleError, ClaxonError
from claxon.heads.heads import GraphHead
from claxon.text.tokenizer import Tokenizer
from reliability import fuzz_targets
from reliability.fuzz_targets import TARGETS, Target, TargetName, WrongAnswer


@pytest.fixture(params=TargetName)
def target(request: pytest.FixtureRequest, small_bundle: Path, tmp_path: Path) -> Target:
    return TARGETS[request.param](small_bundle, tmp_path)


def made(name: TargetName, bundle: Path, folder: Path) -> Target:
    return TARGETS[name](bundle, folder)


def test_seeds_are_right_answers_or_refused(target: Target) -> None:
    answered = 0
    for seed in target.seeds():
        try:
            target.try_once(seed)
            answered += 1
        except ClaxonError:
            continue
    assert answered >= 3


def test_changes_are_right_answers_or_refused(target: Target) -> None:
    seeds, draw, kinds = target.seeds(), random.Random(1), set()
    for _ in range(240):
        content = target.mutated(draw.choice(seeds), draw)
        try:
            target.try_once(b"" if content is None else content)
            kinds.add("answered")
        except ClaxonError:
            kinds.add("refused")
    assert kinds == {"answered", "refused"}


@pytest.mark.parametrize("content", [b"", b"\xff", b"[1"])
def test_bytes_that_are_nothing_are_left_to_the_fuzzer_and_refused(content: bytes, target: Target) -> None:
    draw = random.Random(1)
    assert target.mutated(content, draw) is None or target.name == "heads"
    with pytest.raises(ClaxonError):
        target.try_once(content)


def test_a_damage_after_sealing_never_gets_in(small_bundle: Path, tmp_path: Path) -> None:
    target = made(TargetName.MANIFEST, small_bundle, tmp_path)
    (tmp_path / "bundle" / "tokenizer.json").write_bytes(b"{}")
    with pytest.raises(BundleError):
        target.try_once(target.seeds()[0])


def plant(monkeypatch: pytest.MonkeyPatch, kind: Any, name: str, change: Callable[[Any], Any]) -> None:
    """Let a method give something else."""
    real = getattr(kind, name)
    monkeypatch.setattr(kind, name, lambda self, *given, **options: change(real(self, *given, **options)))


def test_scores_that_are_not_finite_are_noticed(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = made(TargetName.MANIFEST, small_bundle, tmp_path)

    def spoil(found: dict[str, Any]) -> dict[str, Any]:
        for predictions in found.values():
            predictions.scores[0, 0] = np.nan
        return found

    plant(monkeypatch, Classifier, "predictions_all", spoil)
    with pytest.raises(WrongAnswer, match="not finite"):
        target.try_once(target.seeds()[0])


def test_ids_of_a_long_text_that_are_not_those_of_the_uncut_one_are_noticed(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = made(TargetName.TOKENIZER, small_bundle, tmp_path)
    plant(monkeypatch, Tokenizer, "_part", lambda ids: [*ids[1:], ids[0]])
    monkeypatch.setattr(fuzz_targets, "LONG_TEXTS", fuzz_targets.LONG_TEXTS[:1])
    with pytest.raises(WrongAnswer, match="ids of a cut text"):
        target.try_once(target.seeds()[0])


def test_scores_of_another_shape_are_noticed(
    small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = made(TargetName.HEADS, small_bundle, tmp_path)
    plant(monkeypatch, GraphHead, "__call__", lambda scores: scores.astype(np.float64))
    with pytest.raises(WrongAnswer, match="another shape"):
        target.try_once(target.seeds()[0])


def test_the_content_is_listed_in_a_sealed_manifest(small_bundle: Path, tmp_path: Path) -> None:
    target = made(TargetName.HEADS, small_bundle, tmp_path)
    target.try_once(target.seeds()[2])
    raw = json.loads((tmp_path / "bundle" / "manifest.json").read_bytes())
    assert raw["files"]["heads/sentiment.onnx"]["size_bytes"] == len(target.seeds()[2])
