"""What sentence-transformers' files say is read; what cannot be exported is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from claxon_export.checkpoint.sentence import Pooling, SentenceSettings, read_sentence_settings
from claxon_export.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

OLD_TYPES = "sentence_transformers.models."
OLD_KEYS = (
    "cls_token",
    "mean_tokens",
    "max_tokens",
    "mean_sqrt_len_tokens",
    "weightedmean_tokens",
    "lasttoken",
)


def _write(folder: Path, name: str, content: object) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def _modules(folder: Path, *types: str, pooling: dict[str, Any] | None = None) -> Path:
    modules = [
        {
            "idx": index,
            "name": str(index),
            "path": f"{index}_{kind.rpartition('.')[2]}" if index else "",
            "type": kind,
        }
        for index, kind in enumerate(types)
    ]
    _write(folder, "modules.json", modules)
    if pooling is not None:
        _write(folder, "1_Pooling/config.json", pooling)
    return folder


def _encoder(folder: Path, pooling: dict[str, Any]) -> Path:
    return _modules(folder, OLD_TYPES + "Transformer", OLD_TYPES + "Pooling", pooling=pooling)


def _old_pooling(*modes: str) -> dict[str, Any]:
    return {"word_embedding_dimension": 8} | {f"pooling_mode_{key}": key in modes for key in OLD_KEYS}


def test_a_plain_checkpoint_says_nothing(tmp_path: Path) -> None:
    assert read_sentence_settings(tmp_path) == SentenceSettings(None, False, None, False, "", ())


@pytest.mark.parametrize(
    ("config", "pooling"),
    [
        (_old_pooling("cls_token"), Pooling.CLS),
        (_old_pooling("mean_tokens"), Pooling.MEAN),
        ({"embedding_dimension": 8, "pooling_mode": "cls", "include_prompt": True}, Pooling.CLS),
        ({"embedding_dimension": 8, "pooling_mode": ["mean"]}, Pooling.MEAN),
    ],
)
def test_pooling_in_either_spelling(tmp_path: Path, config: dict[str, Any], pooling: Pooling) -> None:
    settings = read_sentence_settings(_encoder(tmp_path, config))
    assert settings.pooling is pooling
    assert not settings.normalize
    assert settings.files == (tmp_path / "modules.json", tmp_path / "1_Pooling" / "config.json")


@pytest.mark.parametrize(
    ("config", "modes"),
    [
        (_old_pooling("max_tokens"), ("max",)),
        (_old_pooling("cls_token", "mean_tokens"), ("cls", "mean")),
        (_old_pooling("mean_sqrt_len_tokens"), ("mean_sqrt_len_tokens",)),
        (_old_pooling("lasttoken"), ("lasttoken",)),
        (_old_pooling(), ("mean",)),
        ({"pooling_mode": ["mean", "max"]}, ("mean", "max")),
        ({"pooling_mode": "weightedmean"}, ("weightedmean",)),
    ],
)
def test_every_pooling_is_read(tmp_path: Path, config: dict[str, Any], modes: tuple[str, ...]) -> None:
    modules = read_sentence_settings(_encoder(tmp_path, config)).modules
    assert modules is not None
    assert modules.modes == modes


def test_pooling_without_the_prompt_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="include_prompt is False"):
        read_sentence_settings(_encoder(tmp_path, {"pooling_mode": "mean", "include_prompt": False}))


@pytest.mark.parametrize("prefix", [OLD_TYPES, "sentence_transformers.sentence_transformer.modules.normalize."])
def test_a_normalize_module_means_unit_norm(tmp_path: Path, prefix: str) -> None:
    types = (OLD_TYPES + "Transformer", OLD_TYPES + "Pooling", prefix + "Normalize")
    assert read_sentence_settings(_modules(tmp_path, *types, pooling=_old_pooling("mean_tokens"))).normalize


@pytest.mark.parametrize(
    ("types", "message"),
    [
        (("Transformer", "Pooling", "CNN"), r"sentence_transformers\.models\.CNN is not supported"),
        (("WeightedLayerPooling", "Pooling"), "WeightedLayerPooling is not supported"),
        (("Transformer", "Normalize", "Pooling"), "found Transformer > Normalize > Pooling"),
        (("Pooling",), "found Pooling"),
        ((), "expected a list of modules"),
        (("WordEmbeddings", "Pooling"), "WordEmbeddings is not supported"),
    ],
)
def test_other_modules_are_refused(tmp_path: Path, types: tuple[str, ...], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        read_sentence_settings(_modules(tmp_path, *(OLD_TYPES + kind for kind in types)))


def test_code_of_the_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"custom_st\.Transformer is not supported"):
        read_sentence_settings(_modules(tmp_path, "custom_st.Transformer"))


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ({}, "expected a list"),
        ([1], "expected a list"),
        ([{"type": OLD_TYPES + "Transformer", "path": "0_Transformer"}], "is in 0_Transformer/"),
        ([{"type": OLD_TYPES + "Transformer", "path": "../elsewhere"}], "leaves the checkpoint's folder"),
        ([{"path": ""}], "is not supported"),
    ],
)
def test_odd_module_lists_are_refused(tmp_path: Path, modules: object, message: str) -> None:
    _write(tmp_path, "modules.json", modules)
    with pytest.raises(CheckpointError, match=message):
        read_sentence_settings(tmp_path)


@pytest.mark.parametrize(
    ("config", "prompt"),
    [
        ({"__version__": {"sentence_transformers": "2.0.0"}}, ""),
        ({"prompts": {"query": "query: "}, "default_prompt_name": None}, ""),
        ({"prompts": {"query": "query: "}, "default_prompt_name": "query"}, "query: "),
        ({"prompts": {"query": None}, "default_prompt_name": "query"}, ""),
    ],
)
def test_the_default_prompt_is_read(tmp_path: Path, config: dict[str, Any], prompt: str) -> None:
    _write(tmp_path, "config_sentence_transformers.json", config)
    assert read_sentence_settings(tmp_path).prompt == prompt


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"prompts": {"query": "q"}, "default_prompt_name": "passage"},
            r"'passage'; the prompts are \['query'\]",
        ),
        ({"model_type": "CrossEncoder"}, "'CrossEncoder', which cannot be exported"),
    ],
)
def test_unmeant_settings_are_refused(tmp_path: Path, config: dict[str, Any], message: str) -> None:
    _write(tmp_path, "config_sentence_transformers.json", config)
    with pytest.raises(CheckpointError, match=message):
        read_sentence_settings(tmp_path)


def test_the_transformer_file_is_read_in_order(tmp_path: Path) -> None:
    _write(tmp_path, "sentence_distilbert_config.json", {"max_seq_length": 64, "do_lower_case": True})
    settings = read_sentence_settings(tmp_path)
    assert (settings.max_seq_length, settings.do_lower_case) == (64, True)
    _write(tmp_path, "sentence_bert_config.json", {"max_seq_length": 32})
    settings = read_sentence_settings(tmp_path)
    assert (settings.max_seq_length, settings.do_lower_case) == (32, False)
    assert settings.files == (tmp_path / "sentence_bert_config.json",)


@pytest.mark.parametrize("mode", [mode for mode in Pooling if mode is not Pooling.SENTENCE])
def test_what_sentence_transformers_writes_is_read(tmp_path: Path, mode: Pooling) -> None:
    modules = pytest.importorskip("sentence_transformers.models", reason="it writes the expected side")
    pooling = modules.Pooling(8, str(mode))
    (tmp_path / "1_Pooling").mkdir()
    pooling.save(str(tmp_path / "1_Pooling"))
    types = (f"{type(pooling).__module__}.Pooling", f"{type(modules.Normalize()).__module__}.Normalize")
    settings = read_sentence_settings(_modules(tmp_path, OLD_TYPES + "Transformer", *types))
    assert settings.pooling is mode
    assert settings.normalize
