"""Features that are kept: the same numbers as the encoder's own, each text encoded once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
from claxon.bundle.manifest import Feature
from claxon.engine.providers import Device
from claxon.errors import OptionError
from claxon_export.data import feature_cache
from claxon_export.data.feature_cache import cached_features, feature_folder
from claxon_export.data.feature_shards import shards
from tests.training import TEXTS, fit_words

# Texts that are run in other batches.
TOLERANCE = 1e-5
EMBEDDING, MEAN, CLS = Feature.EMBEDDING, Feature.MEAN, Feature.CLS


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("CLAXON_CACHE", str(folder))
    return folder


@pytest.fixture
def encoder(exported: Path) -> Iterator[claxon.Encoder]:
    with claxon.Encoder.load(exported) as encoder:
        yield encoder


class Calls(list[tuple[list[str], list[str]]]):
    """The texts and features of each call of the encoder."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    calls, features = Calls(), claxon.Encoder.features

    def noted(self: claxon.Encoder, texts: list[str], names: Sequence[str], **options: Any) -> Any:
        calls.append((list(texts), list(names)))
        return features(self, texts, names, **options)

    monkeypatch.setattr(claxon.Encoder, "features", noted)
    return calls


def test_features_are_the_encoders_own_and_come_from_one_run(encoder: claxon.Encoder, calls: Calls) -> None:
    result = cached_features(encoder, TEXTS, features=["mean", "embedding"])
    assert calls == [(TEXTS, [MEAN, EMBEDDING])]
    assert list(result) == [MEAN, EMBEDDING]
    own = encoder.features(TEXTS, ["mean", "embedding"])
    for name, values in result.items():
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, own.values[name], rtol=0, atol=TOLERANCE)


def test_second_call_encodes_nothing_and_gives_the_same_bits(encoder: claxon.Encoder, calls: Calls) -> None:
    first = cached_features(encoder, TEXTS, features=["mean"])
    second = cached_features(encoder, TEXTS[::-1], features=["mean"])
    np.testing.assert_array_equal(second[MEAN], first[MEAN][::-1])
    assert len(calls) == 1


def test_only_new_texts_and_new_features_are_encoded(encoder: claxon.Encoder, calls: Calls) -> None:
    cached_features(encoder, TEXTS[:30], features=["mean"])
    cached_features(encoder, TEXTS, features=["mean"])
    cached_features(encoder, TEXTS[:5], features=["mean", "cls"])
    assert calls == [(TEXTS[:30], [MEAN]), (TEXTS[30:], [MEAN]), (TEXTS[:5], [CLS])]


def test_a_text_that_is_there_several_times_is_encoded_once(encoder: claxon.Encoder, calls: Calls) -> None:
    result = cached_features(encoder, ["a book", "a film", "a book"], features=["mean"])[MEAN]
    assert calls == [(["a book", "a film"], [MEAN])]
    np.testing.assert_array_equal(result[0], result[2])
    assert not np.array_equal(result[0], result[1])


def test_long_lists_are_kept_part_by_part(
    encoder: claxon.Encoder, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_cache, "SHARD_TEXTS", 16)
    result = cached_features(encoder, TEXTS, features=["mean"])[MEAN]
    assert [len(texts) for texts, _ in calls] == [16, 16, 8]
    folder = feature_folder(encoder, None)
    assert folder is not None
    assert len(shards(folder / "mean")) == 3
    np.testing.assert_allclose(result, encoder.encode(TEXTS, feature="mean"), rtol=0, atol=TOLERANCE)


def test_what_was_encoded_before_an_interruption_is_kept(
    encoder: claxon.Encoder, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_cache, "SHARD_TEXTS", 16)
    noted = claxon.Encoder.features

    def interrupted(self: claxon.Encoder, texts: list[str], names: Sequence[str], **options: Any) -> Any:
        if len(calls) == 2:
            raise KeyboardInterrupt
        return noted(self, texts, names, **options)

    with monkeypatch.context() as patch:
        patch.setattr(claxon.Encoder, "features", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cached_features(encoder, TEXTS, features=["mean"])
    cached_features(encoder, TEXTS, features=["mean"])
    assert [texts for texts, _ in calls] == [TEXTS[:16], TEXTS[16:32], TEXTS[32:]]


def test_a_damaged_file_is_made_anew(encoder: claxon.Encoder, calls: Calls, cache: Path) -> None:
    first = cached_features(encoder, TEXTS, features=["mean"])[MEAN]
    (path,) = cache.rglob("*.vectors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    np.testing.assert_array_equal(cached_features(encoder, TEXTS, features=["mean"])[MEAN], first)
    cached_features(encoder, TEXTS, features=["mean"])
    assert [texts for texts, _ in calls] == [TEXTS, TEXTS]


def test_without_the_cache_nothing_is_looked_up_or_kept(encoder: claxon.Encoder, calls: Calls, cache: Path) -> None:
    for _ in range(2):
        cached_features(encoder, TEXTS, features=["mean"], cache=False)
    assert len(calls) == 2
    assert not cache.exists()


def test_a_new_head_keeps_what_is_there(bundle: Path, calls: Calls) -> None:
    fit_words(bundle)
    assert len(calls) == 1
    fit_words(bundle, force=True, seed=1)
    assert len(calls) == 1


def test_fewer_tokens_are_other_numbers(exported: Path, calls: Calls) -> None:
    for max_tokens in (None, 4, None):
        with claxon.Encoder.load(exported, max_tokens=max_tokens) as encoder:
            cached_features(encoder, TEXTS, features=["mean"])
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("name", "other"),
    [("engine_version", lambda: "0.0"), ("processor_features", lambda: ("sse",)), ("SCHEMA", 0)],
)
def test_each_engine_and_processor_has_its_own_cache(
    name: str, other: Any, encoder: claxon.Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = feature_folder(encoder, None)
    monkeypatch.setattr(feature_cache, name, other)
    assert feature_folder(encoder, None) != here


def test_openvino_is_kept_by_its_arithmetic(encoder: claxon.Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    on_cpu = feature_folder(encoder, "auto")
    assert on_cpu == feature_folder(encoder, None) == feature_folder(encoder, "fp32")
    monkeypatch.setattr(claxon.Encoder, "device", Device.OPENVINO)
    monkeypatch.setattr(feature_cache, "processor_features", lambda: ("amx_bf16",))
    assert feature_folder(encoder, None) is None
    assert len({on_cpu, feature_folder(encoder, "auto"), feature_folder(encoder, "fp32")}) == 3


def test_a_folder_that_cannot_be_written_is_a_warning(encoder: claxon.Encoder, cache: Path) -> None:
    cache.write_text("a file")
    with pytest.warns(UserWarning, match=r"cannot be written, so not all features were kept; set CLAXON_CACHE") as told:
        result = cached_features(encoder, TEXTS, features=["mean", "cls"])
    assert len(told) == 1
    assert result[CLS].shape == (40, encoder.width)


def test_no_texts_give_features_without_rows(encoder: claxon.Encoder, calls: Calls) -> None:
    assert cached_features(encoder, [], features=["mean"])[MEAN].shape == (0, encoder.width)
    assert not calls


def test_unknown_feature(encoder: claxon.Encoder) -> None:
    with pytest.raises(OptionError, match="no feature 'max'"):
        cached_features(encoder, TEXTS, features=["max"])


@pytest.mark.parametrize("is_shown", [True, False])
def test_progress_counts_what_is_encoded(
    is_shown: bool, encoder: claxon.Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    cached_features(encoder, TEXTS[:8], features=["mean"])
    cached_features(encoder, TEXTS, features=["mean"], show_progress_bar=is_shown)
    assert capsys.readouterr().err == ("claxon: encoding 32 texts\n" if is_shown else "")
    cached_features(encoder, TEXTS, features=["mean"], show_progress_bar=True)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_vectors_that_are_not_finite_are_not_kept(
    encoder: claxon.Encoder, cache: Path, monkeypatch: pytest.MonkeyPatch, odd: float
) -> None:
    own = claxon.Encoder.features

    def features(self: claxon.Encoder, texts: list[str], *words: Any, **options: Any) -> Any:
        result = own(self, texts, *words, **options)
        result.values[MEAN][3, 1] = odd
        return result

    monkeypatch.setattr(claxon.Encoder, "features", features)
    result = cached_features(encoder, TEXTS, features=["mean", "cls"])
    assert not np.isfinite(result[MEAN]).all()
    assert {path.parent.name for path in cache.rglob("*.vectors")} == {"cls"}
