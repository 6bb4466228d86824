"""One encoder for all objects of a process that ask for the same one."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

import claxon
import claxon_export
from claxon.bundle.bundle import Bundle
from claxon.errors import IntegrityError, OptionError
from claxon.integrations import shared
from claxon.integrations.shared import (
    SharedEncoders,
    check_digest,
    encoder_digest,
    shared_classifier,
    shared_encoder,
)
from tests.bundles import reseal
from tests.texts import REVIEWS


@pytest.fixture
def encoders() -> SharedEncoders:
    return SharedEncoders()


def test_the_same_bundle_and_options_give_the_same_encoder(tiny_bundle: Path, encoders: SharedEncoders) -> None:
    bundle = Bundle.open(tiny_bundle)
    one = encoders.get(bundle, {"threads": 1})
    assert encoders.get(Bundle.open(os.path.relpath(tiny_bundle)), {"threads": 1}) is one
    assert encoders.get(bundle, {"threads": 1, "max_tokens": 16}) is not one
    encoders.clear()
    assert encoders.get(bundle, {"threads": 1}) is not one


def test_the_encoder_used_longest_ago_goes(
    tiny_bundle: Path, encoders: SharedEncoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "KEPT", 2)
    bundle = Bundle.open(tiny_bundle)
    first, second = (encoders.get(bundle, {"max_tokens": limit}) for limit in (8, 9))
    assert encoders.get(bundle, {"max_tokens": 8}) is first  # and so the second is the older one
    encoders.get(bundle, {"max_tokens": 10})
    assert encoders.get(bundle, {"max_tokens": 8}) is first
    assert encoders.get(bundle, {"max_tokens": 9}) is not second


def test_a_loaded_encoder_is_itself_and_takes_no_options(encoder: claxon.Encoder) -> None:
    assert shared_encoder(encoder, {"device": "auto"}) is encoder
    with pytest.raises(OptionError, match="threads is for a bundle's folder"):
        shared_encoder(encoder, {"threads": 2})


def test_a_head_is_chosen_by_its_name(tiny_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    assert shared_classifier(bundle, "topic", {}).labels == ("book", "phone", "food")
    for name in ("tropic", None):
        with pytest.raises(OptionError, match="expected one of its heads: sentiment, topic"):
            shared_classifier(bundle, name, {})


def test_the_digest_is_of_what_runs(copied_bundle: Path) -> None:
    before = {head: encoder_digest(Bundle.open(copied_bundle), head) for head in (None, "sentiment", "topic")}
    assert len(set(before.values())) == 3
    labels = ["a" if label == "negative" else "b" for label in REVIEWS.values()]
    claxon_export.fit(copied_bundle, list(REVIEWS), labels, head="sentiment", test_size=0, force=True)
    after = {head: encoder_digest(Bundle.open(copied_bundle), head) for head in before}
    assert {head for head in before if before[head] != after[head]} == {"sentiment"}
    reseal(copied_bundle, lambda manifest: replace(manifest, encoder=replace(manifest.encoder, prompt="x")))
    changed = Bundle.open(copied_bundle)
    assert all(encoder_digest(changed, head) != digest for head, digest in after.items())
    with pytest.raises(IntegrityError, match="another encoder"):
        check_digest(changed, before[None])
    with pytest.raises(IntegrityError, match="another head"):
        check_digest(changed, before["topic"], "topic")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_forked_while_another_thread_loads_is_not_stuck(encoders: SharedEncoders) -> None:
    encoders._lock.acquire()
    encoders.after_fork()
    encoders.clear()
