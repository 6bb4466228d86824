"""A checkpoint's tokenizer as one text: tokenizer.json, as transformers' fast tokenizer would have it.

The ids must be those of the source. So what transformers changes when it loads a checkpoint is changed here:
tokenizer_config.json wins over tokenizer.json's normalizer, and special tokens that only the settings know
are added. From a vocabulary alone the tokenizer is built as transformers' convert_slow_tokenizer.py does it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

from claxon_export.checkpoint import byte_level
from claxon_export.checkpoint.hub import read_json
from claxon_export.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_Token: TypeAlias = str | AddedToken

_SPECIAL_KEYS = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_SETTINGS_FILES = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_SENTENCE_PIECE = ("sentencepiece.bpe.model", "spiece.model", "spm.model")
_PAD_TOKENS = ("[PAD]", "<pad>", "<|pad|>", "<|padding|>")
_FAMILY_OF_MODEL_TYPE = {
    "bert": "BertTokenizer",
    "distilbert": "DistilBertTokenizer",
    "electra": "ElectraTokenizer",
    "mobilebert": "MobileBertTokenizer",
    "mpnet": "MPNetTokenizer",
    "roberta": "RobertaTokenizer",
}
_SAVE_FAST = (
    "make one with transformers, AutoTokenizer.from_pretrained(SOURCE).save_pretrained(FOLDER), "
    "and put it beside the weights"
)


@dataclass(frozen=True, slots=True)
class _Family:
    """What transformers' tokenizer classes of one kind have in common: WordPiece after BERT's normalizer."""

    specials: Mapping[str, str]
    pair: str
    normalizer_keys: Mapping[str, str]  # the normalizer's name of a setting -> tokenizer_config.json's


_BERT_NORMALIZER = {
    "lowercase": "do_lower_case",
    "strip_accents": "strip_accents",
    "handle_chinese_chars": "tokenize_chinese_chars",
}
_NORMALIZER_DEFAULTS = {"do_lower_case": True, "strip_accents": None, "tokenize_chinese_chars": True}
_BERT = _Family(
    specials={
        "unk_token": "[UNK]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "mask_token": "[MASK]",
    },
    pair="{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1",
    normalizer_keys=_BERT_NORMALIZER,
)
_MPNET = _Family(
    specials={
        **_BERT.specials,
        "bos_token": "<s>",
        "eos_token": "</s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "cls_token": "<s>",
        "mask_token": "<mask>",
    },
    pair="{cls}:0 $A:0 {sep}:0 {sep}:0 $B:1 {sep}:1",
    # transformers' MPNetTokenizerFast leaves handle_chinese_chars as tokenizer.json has it
    normalizer_keys={key: name for key, name in _BERT_NORMALIZER.items() if key != "handle_chinese_chars"},
)
_FAMILIES = {
    name: _MPNET if name == "MPNetTokenizer" else _BERT
    for name in _FAMILY_OF_MODEL_TYPE.values()
    if name not in byte_level.CLASSES
}


def tokenizer_json(folder: Path, arguments: Mapping[str, Any] | None = None) -> str:
    """The tokenizer of a checkpoint as tokenizer.json text, without padding and truncation.

    Args:
        folder: The checkpoint: config.json, and tokenizer.json or vocab.txt with its settings.
        arguments: What wins over tokenizer_config.json.

    Raises:
        CheckpointError: No tokenizer here can be read or built; the message says how to make one.
    """
    settings = _read_settings(folder) | dict(arguments or {})
    class_name = _class_name(folder, settings)
    family = _FAMILIES.get(class_name)
    file, vocab_file = folder / "tokenizer.json", folder / "vocab.txt"
    if file.is_file():
        return _from_file(file, settings, family)
    if vocab_file.is_file() and family is not None:
        return _from_vocabulary(vocab_file, settings, family)
    if byte_level.has_files(folder) and class_name in byte_level.CLASSES:
        return _from_merges(folder, settings)
    sentence_piece = next((name for name in _SENTENCE_PIECE if (folder / name).is_file()), None)
    if sentence_piece is not None:
        raise CheckpointError(
            f"{folder} has no tokenizer.json, and {sentence_piece} alone is not read; {_SAVE_FAST} (with "
            "pip install transformers sentencepiece)"
        )
    raise CheckpointError(
        f"{folder} has no tokenizer.json, and from "
        f"{'vocab.txt' if vocab_file.is_file() else 'no vocab.txt'} and the tokenizer class "
        f"{class_name or '(none named)'} none can be built; vocab.txt is enough for "
        f"{', '.join(sorted(_FAMILIES))}; vocab.json and merges.txt for {', '.join(byte_level.CLASSES)}. "
        f"Else {_SAVE_FAST}"
    )


def tokenizer_files(folder: Path) -> tuple[Path, ...]:
    """The files that ``tokenizer_json`` reads, config.json apart."""
    sources = ("vocab.txt",) if (folder / "vocab.txt").is_file() else (byte_level.VOCABULARY, byte_level.MERGES)
    sources = ("tokenizer.json",) if (folder / "tokenizer.json").is_file() else sources
    return tuple(folder / name for name in (*sources, *_SETTINGS_FILES) if (folder / name).is_file())


def with_lowercase(tokenizer_json: str) -> str:
    """The same tokenizer, lowering case before all else, as sentence-transformers' ``do_lower_case`` does."""
    document = json.loads(tokenizer_json)
    normalizer = document.get("normalizer")
    sequence = normalizer["normalizers"] if normalizer and normalizer["type"] == "Sequence" else [normalizer]
    steps = [step for step in sequence if step]
    if any(step["type"] == "Lowercase" for step in steps):
        return tokenizer_json
    document["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Lowercase"}, *steps]}
    return _dump(document)


def pad_id(config: Mapping[str, Any], tokenizer_json: str) -> int:
    """The id that fills up short rows: config.json's ``pad_token_id``, else the tokenizer's pad token's.

    Raises:
        CheckpointError: Neither says, or the id is outside the vocabulary.
    """
    tokenizer = Tokenizer.from_str(tokenizer_json)
    stated = config.get("pad_token_id")
    if stated is None:
        ids = [tokenizer.token_to_id(token) for token in _PAD_TOKENS]
        stated = next((token_id for token_id in ids if token_id is not None), None)
    if stated is None:
        raise CheckpointError(
            f"config.json has no pad_token_id and the tokenizer none of {', '.join(_PAD_TOKENS)}: "
            "write pad_token_id into config.json"
        )
    if not isinstance(stated, int) or stated < 0 or tokenizer.id_to_token(stated) is None:
        raise CheckpointError(f"config.json: pad_token_id is {stated!r}, which is not a token of the tokenizer")
    return stated


def _read_settings(folder: Path) -> dict[str, Any]:
    """tokenizer_config.json, with what the older files add where it does not list the added tokens itself."""
    present = {name: folder / name for name in _SETTINGS_FILES if (folder / name).is_file()}
    settings = read_json(present["tokenizer_config.json"]) if "tokenizer_config.json" in present else {}
    if settings.get("split_special_tokens"):
        raise CheckpointError(f"{folder}: split_special_tokens is true, which a tokenizer.json cannot say")
    if "added_tokens_decoder" in settings:
        return settings
    if "special_tokens_map.json" in present:
        for key, token in read_json(present["special_tokens_map.json"]).items():
            settings[key] = _token(token, special=True)
    if "added_tokens.json" in present:
        special = {str(_token(settings[key])) for key in _SPECIAL_KEYS if settings.get(key)}
        special |= {str(_token(token)) for token in settings.get("additional_special_tokens") or []}
        settings["older_added_tokens"] = {
            index: AddedToken(text, normalized=text not in special, special=text in special)
            for text, index in read_json(present["added_tokens.json"]).items()
        }
    return settings


def _class_name(folder: Path, settings: Mapping[str, Any]) -> str:
    """transformers' tokenizer class, by its slow name: of the settings, the config, or the model type."""
    config = read_json(folder / "config.json")
    named = settings.get("tokenizer_class") or config.get("tokenizer_class")
    return str(named or _FAMILY_OF_MODEL_TYPE.get(str(config.get("model_type")), "")).removesuffix("Fast")


def _follow_settings(document: dict[str, Any], settings: Mapping[str, Any], family: _Family | None) -> None:
    normalizer = document.get("normalizer")
    if family is not None and normalizer and normalizer.get("type") == "BertNormalizer":
        for key, name in family.normalizer_keys.items():
            normalizer[key] = settings.get(name, _NORMALIZER_DEFAULTS[name])
    pre_tokenizer = document.get("pre_tokenizer") or {}
    # Of the tokenizers of GPT-2's kind transformers changes this one step, and only where it stands alone.
    if "add_prefix_space" in pre_tokenizer and pre_tokenizer.get("type") == "ByteLevel":
        pre_tokenizer["add_prefix_space"] = bool(settings.get("add_prefix_space", False))


def _from_file(path: Path, settings: Mapping[str, Any], family: _Family | None) -> str:
    document = read_json(path)
    _follow_settings(document, settings, family)
    tokenizer = _parse(document, path)
    added = _added_tokens(settings)
    if "added_tokens_decoder" not in settings:
        added |= tokenizer.get_added_tokens_decoder()
    missing = _not_in(tokenizer, added, _special_tokens(settings, family, added, built=False))
    if not missing:
        return _dump(document)
    tokenizer.add_tokens(missing)
    return _dump(json.loads(tokenizer.to_str()))


def _from_vocabulary(path: Path, settings: Mapping[str, Any], family: _Family) -> str:
    added = _added_tokens(settings)
    specials = _special_tokens(settings, family, added, built=True)
    tokenizer = _build(path, settings, family, specials)
    tokenizer.add_tokens(_not_in(tokenizer, added, specials))
    return _dump(json.loads(tokenizer.to_str()))


def _from_merges(folder: Path, settings: Mapping[str, Any]) -> str:
    added = _added_tokens(settings)
    specials = _special_tokens({**byte_level.SPECIALS, **settings}, None, added, built=True)
    for key, token in specials.items():  # the mask takes the space before it along
        if isinstance(token, str) and key in byte_level.SPECIALS:
            specials[key] = AddedToken(token, lstrip=key == "mask_token", normalized=key != "mask_token", special=True)
    cls, sep = str(specials["cls_token"]), str(specials["sep_token"])
    tokenizer = byte_level.build(folder, cls=cls, sep=sep, add_prefix_space=bool(settings.get("add_prefix_space")))
    tokenizer.add_tokens(_not_in(tokenizer, added, specials))
    return _dump(json.loads(tokenizer.to_str()))


def _added_tokens(settings: Mapping[str, Any]) -> dict[int, AddedToken]:
    """The added tokens that the settings list, by id."""
    if "added_tokens_decoder" in settings:
        return {int(index): _token(token) for index, token in settings["added_tokens_decoder"].items()}
    return dict(settings.get("older_added_tokens", {}))


def _special_tokens(
    settings: Mapping[str, Any], family: _Family | None, added: Mapping[int, AddedToken], *, built: bool
) -> dict[str, _Token]:
    """The special tokens by their part, the family's own where the settings are silent."""
    by_text = {token.content: token for token in added.values()}
    specials: dict[str, _Token] = {}
    for key in _SPECIAL_KEYS:
        if settings.get(key) is not None:
            token = _token(settings[key])
            specials[key] = by_text.get(str(token), token)
        elif family is not None and key not in settings and key in family.specials:
            specials[key] = family.specials[key]
        if family is _MPNET and isinstance(specials.get(key), str):  # its mask takes the space before it along
            specials[key] = AddedToken(str(specials[key]), lstrip=key == "mask_token", special=built)
    more = settings.get("additional_special_tokens") or []
    return specials | {f"additional {number}": _token(token) for number, token in enumerate(more)}


def _build(vocab_file: Path, settings: Mapping[str, Any], family: _Family, specials: Mapping[str, _Token]) -> Tokenizer:
    vocab = _read_vocabulary(vocab_file)
    unk, cls, sep = (str(specials.get(key, "")) for key in ("unk_token", "cls_token", "sep_token"))
    absent = [token for token in (unk, cls, sep) if token not in vocab]
    if absent:
        raise CheckpointError(f"{vocab_file} lacks special tokens of the tokenizer: {', '.join(absent)}")
    requested = {key: settings.get(name, _NORMALIZER_DEFAULTS[name]) for key, name in _BERT_NORMALIZER.items()}
    tokenizer = Tokenizer(WordPiece(vocab, unk_token=unk))
    tokenizer.normalizer = normalizers.BertNormalizer(clean_text=True, **requested)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls}:0 $A:0 {sep}:0",
        pair=family.pair.format(cls=cls, sep=sep),
        special_tokens=[(cls, vocab[cls]), (sep, vocab[sep])],
    )
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    return tokenizer


def _read_vocabulary(path: Path) -> dict[str, int]:
    try:
        with path.open(encoding="utf-8") as lines:
            return {line.rstrip("\n"): index for index, line in enumerate(lines)}
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{path} is not UTF-8 text: {error}; fetch the file again") from error


def _not_in(tokenizer: Tokenizer, added: Mapping[int, AddedToken], specials: Mapping[str, _Token]) -> list[AddedToken]:
    """The tokens that transformers would add to the tokenizer, in its order: by id, then the special ones."""
    there = tokenizer.get_added_tokens_decoder().values()
    exact = {repr(token) for token in there}
    requested = [token for _, token in sorted(added.items()) if repr(token) not in exact]
    texts = {token.content for token in (*there, *requested)}
    by_text: dict[str, _Token] = {}
    for token in specials.values():
        by_text.setdefault(str(token), token)
    for text, token in by_text.items():
        if isinstance(token, AddedToken):
            requested.append(token)
        elif text not in texts:
            requested.append(AddedToken(token, special=True))
    for token in requested:
        token.special = token.special or token.content in by_text
    return [token for token in requested if repr(token) not in exact]


def _token(value: Any, *, special: bool = False) -> Any:
    """A token of a settings file: a string, or a dict of an AddedToken's fields; a list of them, too."""
    if isinstance(value, list):
        return [_token(token, special=special) for token in value]
    if not isinstance(value, dict):
        return value
    fields = {key: field for key, field in value.items() if key != "__type"}
    return AddedToken(**(fields | ({"special": True} if special else {})))


def _parse(document: Mapping[str, Any], path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_str(_dump(dict(document)))
    except Exception as error:  # tokenizers raises bare Exceptions
        raise CheckpointError(f"{path} cannot be read as a tokenizer: {error}; {_SAVE_FAST}") from error


def _dump(document: dict[str, Any]) -> str:
    bare = document | {"padding": None, "truncation": None}
    return json.dumps(bare, ensure_ascii=False, separators=(",", ":"))
