from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claxon.classifier import Classifier
from reliability import properties, property_checks
from reliability.part import Settings
from reliability.property_checks import PROPERTIES


def test_all_properties_hold(settings: Settings) -> None:
    found = properties.run(settings)
    assert found.failures == []
    assert found.counts == dict.fromkeys(PROPERTIES, 20)


def test_without_hypothesis_nothing_was_run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(properties, "is_installed", lambda package: package != "hypothesis")
    assert properties.run(settings).not_run == "hypothesis is not installed; pip install hypothesis"


def plant(monkeypatch: pytest.MonkeyPatch, change: Callable[[Any, list[Any]], None]) -> None:
    """Let every call's predictions be changed in place."""
    real = Classifier.predictions_all

    def predictions_all(self: Classifier, texts: Any, **options: Any) -> Any:
        rows = list(texts)
        found = real(self, rows, **options)
        for predictions in found.values():
            change(predictions, rows)
        return found

    monkeypatch.setattr(Classifier, "predictions_all", predictions_all)


def lose_order(predictions: Any, rows: list[Any]) -> None:
    predictions.scores[:] = predictions.scores[::-1].copy()


def take_another_label(predictions: Any, rows: list[Any]) -> None:
    predictions.labels[:] = np.roll(predictions.labels, 1)


def forget_truncation(predictions: Any, rows: list[Any]) -> None:
    predictions.truncated[:] = False


def end_with_an_error(predictions: Any, rows: list[Any]) -> None:
    if any(isinstance(row, str) and not row.isascii() for row in rows):
        raise LookupError("a text that is not ASCII")


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lose_order, "one_by_one: "),
        (take_another_label, "thresholds_and_ranks: "),
        (forget_truncation, "truncation_is_told: "),
        (end_with_an_error, "typed_errors_only: LookupError: a text that is not ASCII"),
    ],
)
def test_a_fault_is_noticed_with_its_example(
    change: Callable[[Any, list[Any]], None], broken: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, change)
    name = broken.partition(":")[0]
    monkeypatch.setattr(property_checks, "PROPERTIES", {name: PROPERTIES[name]})
    # Twenty examples, which are enough elsewhere, are few: of some releases of hypothesis none is a long text.
    (found,) = properties.hold(replace(settings, scale=0.1)).failures
    assert found.startswith(broken)
    assert "Case(" in found


def test_the_same_seed_makes_the_same_cases(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(property_checks, "PROPERTIES", {"one_by_one": PROPERTIES["one_by_one"]})
    seen: list[list[Any]] = [[], []]
    for rows_seen in seen:
        with monkeypatch.context() as patch:
            plant(patch, lambda predictions, rows, rows_seen=rows_seen: rows_seen.append(rows))  # type: ignore[misc]  # a default
            properties.hold(settings)
    assert repr(seen[0]) == repr(seen[1])
    assert len(seen[0]) > 20


def test_a_bundle_is_loaded_in_every_precision_and_limit(small_bundle: Path) -> None:
    from contextlib import ExitStack

    with ExitStack() as opened:
        assert len(properties._loaded(small_bundle, opened)) == 2 * len(properties.LIMITS)
