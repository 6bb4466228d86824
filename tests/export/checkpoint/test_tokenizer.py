"""The ids are those of transformers' own fast tokenizer, on real texts and on hostile ones."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest
from tokenizers import Tokenizer

from claxon_export.checkpoint.tokenizer import pad_id, tokenizer_files, tokenizer_json, with_lowercase
from claxon_export.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

TEXTS_PER_SET = 1000

TORTURE = (
    "",
    " ",
    "\t\n\r\f\v",
    "plain words, and punctuation!?",
    "a\0b \0 c",
    "bell\x07 escape\x1b delete\x7f next-line\x85 end",
    "zero\u200bwidth\u200cnon\u200djoiner\u2060word",
    "soft\u00adhyphen",
    "\ufeffbyte order mark\ufeff",
    "no\u00a0break\u202fspaces\u2003and\u3000wide ones",
    "line\u2028and\u2029paragraph separators",
    "İstanbul ISPARTA \u0131spanak",
    "Straße STRASSE ẞ",
    "ﬁne ﬂuﬀy ligatures ﬃ ĳ Ǆ",
    "e\u0301 vs é, n\u0303 vs ñ, a\u030a\u0323\u0302",
    "Z̷̢͎̎a̸͙̐l̵̝͐g̶̱̈o̴̪͝",
    "Ünïcödé naïve façade Ørsted Łódź đ",
    "ΑΒΓ Σίσυφος ς Ά",
    "Привет, Ёлка Й",
    "שָׁלוֹם עולם",
    "مَرْحَبًا بالعالم \u202eright to left\u202c",
    "हिन्दी नमस्ते क्षत्रिय",
    "ไทยไม่มีช่องว่าง",
    "中文分词 测试,混合English文本。",
    "日本語 カタカナ ｶﾀｶﾅ がぎぐ は\u3099",
    "한국어 한",
    "𠀀𪛕 rare ideographs 豈更",
    "\U0001d4ef\U0001d4ea\U0001d4f7\U0001d4ec\U0001d502 \U0001d53d\U0001d552\U0001d55f\U0001d554\U0001d56a",
    "\uff46\uff55\uff4c\uff4c\uff57\uff49\uff44\uff54\uff48 \uff21\uff22\uff23",
    "👍 👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 ☺️ ☺ 1️⃣",
    "\ue000 \uf8ff \U000f0000 private use",
    "\ufffd \ufffe \uffff \U0010ffff not characters",
    "[SEP] [CLS] [PAD] [UNK] [MASK]",
    "a[SEP]b x [MASK] y[MASK] [mask] [sep] [ SEP ]",
    "<mask> <s> </s> <pad> <unk> x<mask>y  <mask>  <MASK>",
    "##ing ## #hash ##",
    "[unused0] [unused99]",
    "x" * 200,
    "supercalifragilistic" * 6,
    "é" * 100 + " " + "é" * 101,
    "don't can't o'clock rock'n'roll “quotes” \u2018single\u2019 «guillemets»",
    "3.14 1,000,000 10% $5 £6 €7 ½ ² x³ №",
    "https://example.com/a?b=c&d=e#f user@example.com @handle #hashtag",
    "<br />&amp;&#39; <b>bold</b> {json: [1, 2]}",
    "...---... ___ *** ~~~ ``` ||| \\\\ //",
    "— \u2013 \u2012 ― … ‥ • ‣ ™ ® © ° † ‡",
    "MiXeD cAsE ALLCAPS camelCase snake_case kebab-case",
    "word " * 60,
)
VOCAB = (
    *("[PAD]", "<s>", "<pad>", "</s>", "<unk>", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<mask>", "[unused0]"),
    *("the", "film", "film", "Film", "was", "caf", "##é", "##e", "é", "e", "cafe", "É", "中", "文", "中文"),
    *("##s", "!", ",", ".", "[", "]", "<", ">", "mask", "##mask", "sep", "new", "##ly", "x", "##x", "\u2028"),
)
ADDED = {
    "content": "newly",
    "lstrip": False,
    "normalized": True,
    "rstrip": False,
    "single_word": False,
    "special": False,
}
MODEL_TYPES = ("bert", "distilbert", "mpnet", "electra", "mobilebert")
SETTINGS: dict[str, dict[str, Any]] = {
    "none": {},
    "cased": {"do_lower_case": False},
    "keeping accents": {"do_lower_case": True, "strip_accents": False},
    "stripping accents": {"do_lower_case": False, "strip_accents": True},
    "without Chinese": {"tokenize_chinese_chars": False},
    "null accents": {"strip_accents": None, "model_max_length": 8},
    "unknown token": {"unk_token": "<unk>"},
    "additional": {"additional_special_tokens": ["[unused0]", "<extra>"]},
    "added": {"added_tokens_decoder": {str(len(VOCAB)): ADDED}},
    "typed": {"mask_token": {"__type": "AddedToken", **ADDED, "content": "[MASK]", "rstrip": True}},
}
COMPANIONS: dict[str, dict[str, Any]] = {
    "special_tokens_map.json": {
        "mask_token": {k: v for k, v in ADDED.items() if k != "special"} | {"content": "[MASK]", "lstrip": True},
        "unk_token": "[UNK]",
        "additional_special_tokens": ["[unused0]"],
    },
    "added_tokens.json": {"newly": len(VOCAB), "[unused0]": 10},
}


def _ids(text_of_json: str, texts: tuple[str, ...] | list[str]) -> list[list[int]]:
    return [encoding.ids for encoding in Tokenizer.from_str(text_of_json).encode_batch(texts)]


def _assert_same_as_transformers(folder: Path, texts: tuple[str, ...] | list[str]) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is the expected side")
    expected = transformers.AutoTokenizer.from_pretrained(folder, use_fast=True)
    ours = tokenizer_json(folder)
    assert _ids(ours, texts) == expected(list(texts), truncation=False, padding=False)["input_ids"]
    backend = json.loads(expected.backend_tokenizer.to_str()) | {"padding": None, "truncation": None}
    assert json.loads(ours) == backend


def _write(folder: Path, name: str, content: dict[str, Any]) -> None:
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def _tiny(folder: Path, model_type: str, settings: dict[str, Any] | None = None) -> Path:
    """A checkpoint's tokenizer files, of a vocabulary of a few words."""
    _write(folder, "config.json", {"model_type": model_type})
    (folder / "vocab.txt").write_text("\n".join(VOCAB) + "\n", encoding="utf-8")
    if settings is not None:
        _write(folder, "tokenizer_config.json", settings)
    return folder


def _with_file(folder: Path) -> Path:
    """Put a tokenizer.json beside the settings, with padding, truncation, and BERT's defaults."""
    bare = folder / "bare"
    bare.mkdir()
    model_type = json.loads((folder / "config.json").read_text())["model_type"]
    tokenizer = Tokenizer.from_str(tokenizer_json(_tiny(bare, model_type)))
    tokenizer.enable_padding(length=16)
    tokenizer.enable_truncation(4)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def _real_texts(data_folder: Path) -> list[str]:
    texts: list[str] = []
    for name in ("amazon_reviews", "emotion"):
        with (data_folder / name / "train.csv").open(encoding="utf-8", newline="") as file:
            texts += [row["text"] for row, _ in zip(csv.DictReader(file), range(TEXTS_PER_SET), strict=False)]
    return texts


@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "all-mpnet-base-v2"])
def test_sentence_encoders_tokenize_as_transformers(fetched_models_folder: Path, data_folder: Path, name: str) -> None:
    texts = _real_texts(data_folder)
    assert len(texts) == 2 * TEXTS_PER_SET
    _assert_same_as_transformers(fetched_models_folder / name, [*texts, *TORTURE])


def test_a_vocabulary_tokenizes_as_transformers(shared_models_folder: Path, data_folder: Path) -> None:
    folder = shared_models_folder / "distilbert-sst2-mini"
    _assert_same_as_transformers(folder, [*_real_texts(data_folder), *TORTURE])


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_built_from_a_vocabulary(tmp_path: Path, model_type: str, settings: dict[str, Any]) -> None:
    _assert_same_as_transformers(_tiny(tmp_path, model_type, settings), TORTURE)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_settings_win_over_the_file(tmp_path: Path, model_type: str, settings: dict[str, Any]) -> None:
    _assert_same_as_transformers(_with_file(_tiny(tmp_path, model_type, settings)), TORTURE)


@pytest.mark.parametrize("with_file", [True, False], ids=["file", "vocabulary"])
@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_older_companions_count(tmp_path: Path, model_type: str, with_file: bool) -> None:
    folder = _tiny(tmp_path, model_type, {})
    for name, content in COMPANIONS.items():
        _write(folder, name, content)
    _assert_same_as_transformers(_with_file(folder) if with_file else folder, TORTURE)


@pytest.mark.parametrize("named_in", ["tokenizer_config.json", "config.json"])
def test_a_named_class_wins_over_the_model_type(tmp_path: Path, named_in: str) -> None:
    folder = _tiny(tmp_path, "mpnet", {})
    path = folder / named_in
    _write(folder, named_in, json.loads(path.read_text()) | {"tokenizer_class": "BertTokenizerFast"})
    _assert_same_as_transformers(folder, TORTURE)


def test_a_file_of_a_generic_class_is_left_as_it_is(tmp_path: Path) -> None:
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": False}
    folder = _with_file(_tiny(tmp_path, "bert", settings))
    _assert_same_as_transformers(folder, TORTURE)
    assert json.loads(tokenizer_json(folder))["normalizer"]["lowercase"] is True


def test_padding_and_truncation_are_taken_out(tmp_path: Path) -> None:
    folder = _with_file(_tiny(tmp_path, "bert"))
    source = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    assert source["padding"] is not None
    assert source["truncation"] is not None
    assert json.loads(tokenizer_json(folder)) == source | {"padding": None, "truncation": None}


def test_lowering_case_first(tmp_path: Path) -> None:
    cased = tokenizer_json(_tiny(tmp_path, "bert", {"do_lower_case": False}))
    lowered = with_lowercase(cased)
    assert _ids(cased, ["the Film"]) != _ids(cased, ["the film"])
    assert _ids(lowered, ["the Film"]) == _ids(cased, ["the film"])
    assert with_lowercase(lowered) == lowered


def test_lowering_case_without_a_normalizer(tmp_path: Path) -> None:
    document = json.loads(tokenizer_json(_tiny(tmp_path, "bert"))) | {"normalizer": None}
    lowered = with_lowercase(json.dumps(document))
    assert json.loads(lowered)["normalizer"]["normalizers"] == [{"type": "Lowercase"}]
    Tokenizer.from_str(lowered)


def test_the_files_read_are_named(tmp_path: Path) -> None:
    folder = _tiny(tmp_path, "bert", {})
    assert [path.name for path in tokenizer_files(folder)] == ["vocab.txt", "tokenizer_config.json"]
    _with_file(folder)
    assert [path.name for path in tokenizer_files(folder)] == ["tokenizer.json", "tokenizer_config.json"]


def test_pad_id_is_read(tmp_path: Path) -> None:
    tokenizer = tokenizer_json(_tiny(tmp_path, "bert"))
    assert pad_id({"pad_token_id": 2}, tokenizer) == 2
    assert pad_id({}, tokenizer) == VOCAB.index("[PAD]")
    assert pad_id({"pad_token_id": None}, tokenizer.replace('"[PAD]"', '"[FILL]"')) == VOCAB.index("<pad>")


@pytest.mark.parametrize("stated", [999, -1, "0"])
def test_a_pad_id_outside_the_vocabulary_is_refused(tmp_path: Path, stated: object) -> None:
    with pytest.raises(CheckpointError, match="not a token of the tokenizer"):
        pad_id({"pad_token_id": stated}, tokenizer_json(_tiny(tmp_path, "bert")))


def test_no_pad_token_at_all(tmp_path: Path) -> None:
    text = tokenizer_json(_tiny(tmp_path, "bert")).replace('"[PAD]"', '"a"').replace('"<pad>"', '"b"')
    with pytest.raises(CheckpointError, match="write pad_token_id"):
        pad_id({}, text)


@pytest.mark.parametrize(
    ("model_type", "settings", "message"),
    [
        ("t5", None, "none can be built"),
        ("bert", {"tokenizer_class": "BertJapaneseTokenizer"}, "BertJapaneseTokenizer none can be built"),
        ("bert", {"split_special_tokens": True}, "split_special_tokens"),
        ("bert", {"cls_token": "[START]"}, r"lacks special tokens of the tokenizer: \[START\]"),
    ],
)
def test_what_cannot_be_built_is_named(
    tmp_path: Path, model_type: str, settings: dict[str, Any] | None, message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        tokenizer_json(_tiny(tmp_path, model_type, settings))


def test_a_vocabulary_that_is_no_text(tmp_path: Path) -> None:
    folder = _tiny(tmp_path, "bert")
    (folder / "vocab.txt").write_bytes(b"[PAD]\n\xff\n")
    with pytest.raises(CheckpointError, match="not UTF-8"):
        tokenizer_json(folder)


def test_neither_file_nor_vocabulary(tmp_path: Path) -> None:
    _write(tmp_path, "config.json", {"model_type": "bert"})
    with pytest.raises(CheckpointError, match=r"no vocab\.txt.*save_pretrained"):
        tokenizer_json(tmp_path)


def test_a_file_that_is_no_tokenizer(tmp_path: Path) -> None:
    folder = _tiny(tmp_path, "bert")
    _write(folder, "tokenizer.json", {"model": {"type": "Unheard"}})
    with pytest.raises(CheckpointError, match="cannot be read as a tokenizer"):
        tokenizer_json(folder)
