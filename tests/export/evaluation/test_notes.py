"""What a reader must know before believing the figures."""

from __future__ import annotations

from dataclasses import replace

from claxon_export.evaluation.notes import head_notes, source_notes
from tests.evaluations import head_spec

SPEC = replace(head_spec("mood", ("bad", "good", "so so")), details={"data_sha256": "a" * 64})


def test_a_head_judged_on_what_it_learnt_from() -> None:
    (note,) = head_notes(SPEC, (), "a" * 64)
    assert note.startswith("head 'mood' was fitted on these very texts")
    assert list(head_notes(SPEC, (), "b" * 64)) == []
    assert list(head_notes(head_spec("mood", ("bad", "good")), (), "a" * 64)) == []


def test_few_texts_are_called_few() -> None:
    assert len(list(source_notes(29))) == 1
    assert list(source_notes(30)) == []


def test_labels_that_no_text_has() -> None:
    (note,) = head_notes(SPEC, ("bad", "so so"), "b" * 64)
    assert "knows 'bad', 'so so', which no text has" in note
