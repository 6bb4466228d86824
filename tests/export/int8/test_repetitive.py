from __future__ import annotations

from claxon_export.int8.repetitive import calibrating_repetitions, judging_repetitions


def test_what_judges_did_not_calibrate() -> None:
    calibrating = {text.split()[0] for text in calibrating_repetitions()}
    assert not calibrating & {text.split()[0] for text in judging_repetitions()}


def test_every_text_repeats_itself() -> None:
    for text in (*calibrating_repetitions(), *judging_repetitions()):
        assert len(text) >= 10 * len(set(text.split()))
        assert len(set(text.split())) <= 2
