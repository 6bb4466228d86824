"""What a bundle's ``tokenizer.json`` may contain: components that encoders need, ids within the embedding table.

The native library takes more than that: regular expressions of any cost, templates of tokens that are not there, ids of
any size. Some of it makes it panic, and some of it makes wrong numbers without a word.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from claxon.errors import BundleError

MAX_BYTES = 64 << 20
MAX_DEPTH = 8
MAX_WORD_CHARS = 1000
LONGEST_TEXT = 256  # of an added token, or of what a component puts in or looks for

KEYS = ("version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder")
COMPONENTS = {
    "normalizer": (
        "BertNormalizer", "ByteLevel", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Precompiled", "Prepend",
        "Replace", "Sequence", "Strip", "StripAccents",
    ),
    "pre_tokenizer": (
        "BertPreTokenizer", "ByteLevel", "Digits", "Metaspace", "Punctuation", "Sequence", "Split", "Whitespace",
        "WhitespaceSplit",
    ),
    "post_processor": ("BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing"),
    "decoder": (
        "BPEDecoder", "ByteFallback", "ByteLevel", "Fuse", "Metaspace", "Replace", "Sequence", "Strip", "WordPiece",
    ),
}  # fmt: skip
MODELS = ("BPE", "Unigram", "WordLevel", "WordPiece")
# Expressions that known tokenizers have, none of which takes longer than its text.
KNOWN_REGEXES = (
    r" {2,}",
    r"\s+",
    r"\s{2,}",
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+",
)


def check_tokenizer(content: bytes, n_embeddings: int | None = None) -> Any:
    """Raise unless the content is a tokenizer that is allowed in a bundle.

    Args:
        content: ``tokenizer.json``.
        n_embeddings: Rows of the encoder's word-embedding table; ``None`` if unknown.

    Returns:
        The JSON object.

    Raises:
        BundleError: the message names the component, the token or the id.
    """
    document = _parsed(content)
    unknown = sorted(document.keys() - {*KEYS, "model"})
    if unknown:
        raise _refused(f"unknown key {unknown[0]!r:.80}")
    for slot, kinds in COMPONENTS.items():
        for component in _components(document.get(slot), slot, MAX_DEPTH):
            _check_kind(component, slot, kinds)
            _check_settings(component, slot)
    ids = {**_model_ids(_expect(dict, document.get("model"), "model")), **_added_ids(document.get("added_tokens"))}
    for component in _components(document.get("post_processor"), "post_processor", MAX_DEPTH):
        _check_template(component, ids)
    _check_range(ids, n_embeddings)
    return document


def _parsed(content: bytes) -> dict[str, Any]:
    if len(content) > MAX_BYTES:
        raise _refused(f"has {len(content):,} bytes, expected at most {MAX_BYTES:,}")
    try:
        document: dict[str, Any] = _expect(dict, json.loads(content.decode(), object_pairs_hook=_unique), "top level")
    except BundleError:
        raise
    except (ValueError, RecursionError) as error:
        raise _refused(f"is not valid JSON: {error}") from None
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse duplicate keys: Python and the native library would use different ones."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _refused("contains a duplicate key")
    return result


def _components(component: Any, where: str, depth: int) -> Iterator[dict[str, Any]]:
    """Yield the component and, for a sequence, its parts."""
    if component is None:
        return
    if depth == 0:
        raise _refused(f"{where}: nested deeper than {MAX_DEPTH} levels")
    yield _expect(dict, component, where)
    for name, parts in component.items():
        if component.get("type") == "Sequence" and name != "type":
            for part in _expect(list, parts, where):
                yield from _components(part, where, depth - 1)


def _check_kind(component: Mapping[str, Any], slot: str, kinds: tuple[str, ...]) -> None:
    if component.get("type") not in kinds:
        raise _refused(f"{slot}: the type {component.get('type')!r:.80} is not one of {', '.join(kinds)}")


def _check_settings(component: Mapping[str, Any], slot: str) -> None:
    """Raise for an unknown regular expression or a long inserted text."""
    pattern = component.get("pattern")
    if isinstance(pattern, dict) and "Regex" in pattern and pattern["Regex"] not in KNOWN_REGEXES:
        raise _refused(
            f"{slot}: {component['type']} has the regular expression {pattern['Regex']!r:.80}, "
            "which is not on the list of known ones"
        )
    texts = [component.get(name) for name in ("content", "prepend")]
    texts += pattern.values() if isinstance(pattern, dict) else [pattern]
    if any(isinstance(text, str) and len(text) > LONGEST_TEXT for text in texts):
        raise _refused(f"{slot}: {component['type']} has a text of more than {LONGEST_TEXT} characters")


def _model_ids(model: Mapping[str, Any]) -> dict[str, int]:
    """Return the id of each token in the model's vocabulary. Old files name no type; any type may be meant."""
    if model.get("type", MODELS[0]) not in MODELS:
        raise _refused(f"model: the type {model.get('type')!r:.80} is not one of {', '.join(MODELS)}")
    if model.get("dropout"):
        raise _refused("model: dropout makes tokenization random")
    most = model.get("max_input_chars_per_word", 0)
    if type(most) is not int or not 0 <= most <= MAX_WORD_CHARS:
        raise _refused(f"model: max_input_chars_per_word is {most!r:.80}, expected 0 to {MAX_WORD_CHARS}")
    vocabulary = model.get("vocab")
    if isinstance(vocabulary, list):
        return {str(entry[0]): i for i, entry in enumerate(vocabulary) if isinstance(entry, list) and entry}
    ids: dict[str, int] = _expect(dict, vocabulary, "model.vocab")
    unknown = model.get("unk_token")
    if unknown is not None and (not isinstance(unknown, str) or unknown not in ids):
        raise _refused(f"model: the unknown token {unknown!r:.80} is not in the vocabulary")
    return ids


def _added_ids(added: Any) -> dict[str, int]:
    tokens = [_expect(dict, token, "added_tokens") for token in _expect(list, added or [], "added_tokens")]
    for token in tokens:
        text = _expect(str, token.get("content"), "added_tokens")
        if not 0 < len(text) <= LONGEST_TEXT:
            raise _refused(f"added_tokens: a token of {len(text)} characters, expected 1 to {LONGEST_TEXT}")
    return {token["content"]: token.get("id") for token in tokens}


def _check_template(component: Mapping[str, Any], ids: Mapping[str, int]) -> None:
    """Raise unless every inserted special token is in the vocabulary with that id."""
    kind = component["type"]
    if kind in ("BertProcessing", "RobertaProcessing"):
        for name in ("sep", "cls"):
            token, number = _pair(component.get(name), f"post_processor.{name}")
            _check_special(token, number, ids)
    if kind != "TemplateProcessing":
        return
    specials = _expect(dict, component.get("special_tokens"), "post_processor.special_tokens")
    for special in specials.values():
        tokens, numbers = (_expect(list, _expect(dict, special, kind).get(key), kind) for key in ("tokens", "ids"))
        if not tokens or len(tokens) != len(numbers):
            raise _refused(f"post_processor: a special token has {len(tokens)} tokens and {len(numbers)} ids")
        for token, number in zip(tokens, numbers, strict=True):
            _check_special(token, number, ids)
    for piece in [*_expect(list, component.get("single"), kind), *_expect(list, component.get("pair") or [], kind)]:
        named = _expect(dict, piece, kind).get("SpecialToken")
        if named is not None and _expect(dict, named, kind).get("id") not in [*specials]:
            raise _refused(f"post_processor: the template names {named.get('id')!r:.80}, which is not a special token")


def _pair(value: Any, where: str) -> list[Any]:
    result: list[Any] = _expect(list, value, where)
    if len(result) != 2:
        raise _refused(f"{where}: expected a token and its id")
    return result


def _check_special(token: Any, number: Any, ids: Mapping[str, int]) -> None:
    if not isinstance(token, str) or ids.get(token) != number:
        raise _refused(f"post_processor: the token {token!r:.80} with the id {number!r:.80} is not in the vocabulary")


def _check_range(ids: Mapping[str, int], n_embeddings: int | None) -> None:
    if {*map(type, ids.values())} - {int} or min(ids.values(), default=0) < 0:
        raise _refused("a token id is not a non-negative integer")
    check_ids(max(ids.values(), default=0), n_embeddings)


def check_ids(highest: int, n_embeddings: int | None) -> None:
    """Raise ``BundleError`` unless the encoder has a row for the highest id."""
    if n_embeddings is not None and highest >= n_embeddings:
        raise _refused(f"token id {highest} is too large: the encoder's word-embedding table has {n_embeddings} rows")


def _expect(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, kind):
        raise _refused(f"{where}: expected {kind.__name__}, found {type(value).__name__}")
    return value


def _refused(problem: str) -> BundleError:
    return BundleError(f"tokenizer.json cannot be read: {problem}")
