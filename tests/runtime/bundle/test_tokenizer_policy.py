"""What a bundle's tokenizer may hold: each rule broken in a tokenizer that was whole before."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claxon.bundle import tokenizer_policy
from claxon.bundle.tokenizer_policy import COMPONENTS, KNOWN_REGEXES, check_tokenizer
from claxon.errors import BundleError
from claxon.text.tokenizer import Tokenizer
from tests.runtime.text.test_tokenizer import LIBRARIES, VOCAB, content

WHOLE = json.loads(content())
BAD_REGEX = "(a+)+$"


def changed(path: str, value: Any) -> bytes:
    """The whole tokenizer with one value changed; the path's parts are keys and indices."""
    document = json.loads(content())
    *parents, last = (int(part) if part.isdecimal() else part for part in path.split("/"))
    place = document
    for parent in parents:
        place = place[parent]
    place[last] = value
    return json.dumps(document).encode()


def deep(slot: str, key: str, depth: int) -> bytes:
    part: Any = WHOLE[slot]
    for _ in range(depth):
        part = {"type": "Sequence", key: [part]}
    return changed(slot, part)


@pytest.mark.parametrize("name", LIBRARIES)
def test_tokenizers_of_known_kinds_pass(name: str) -> None:
    check_tokenizer(LIBRARIES[name].to_str().encode(), 1000)


def test_an_old_file_names_no_type_of_model() -> None:
    document = json.loads(content())
    del document["model"]["type"]
    check_tokenizer(json.dumps(document).encode(), len(VOCAB))
    assert Tokenizer(json.dumps(document).encode(), max_tokens=8)(["a"]).lengths.tolist() == [3]


def test_a_sequence_of_steps_passes() -> None:
    check_tokenizer(deep("normalizer", "normalizers", 7))


@pytest.mark.parametrize("pattern", KNOWN_REGEXES)
def test_known_expressions_pass_and_load(pattern: str) -> None:
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    Tokenizer(changed("pre_tokenizer", split), max_tokens=8)


SPLIT = {"type": "Split", "behavior": "Isolated", "invert": False}
REFUSED: dict[str, tuple[bytes, str]] = {
    "not UTF-8": (b"\xff", "is not valid JSON"),
    "cut": (content()[:-9], "is not valid JSON"),
    "a list": (b"[]", "top level: expected dict, found list"),
    "too deep": (b"[" * 100_000, "is not valid JSON"),
    "a key twice": (content().replace(b'"version"', b'"model":{},"version"', 1), "contains a duplicate key"),
    "a token twice": (content().replace(b'"abc":', b'"naive":', 1), "contains a duplicate key"),
    "an unknown key": (changed("plugin", {}), "unknown key 'plugin'"),
    "no model": (changed("model", None), "model: expected dict, found NoneType"),
    "an unknown model": (changed("model/type", "Custom"), "model: the type 'Custom' is not one of BPE, Unigram"),
    "a vocabulary of no kind": (changed("model/vocab", 3), "model.vocab: expected dict, found int"),
    "dropout": (changed("model/dropout", 0.1), "dropout makes tokenization random"),
    "endless words": (changed("model/max_input_chars_per_word", 10**9), "max_input_chars_per_word is 1000000000"),
    "no unknown token": (changed("model/unk_token", "[NO]"), r"the unknown token '\[NO\]' is not in"),
    "a negative id": (changed("model/vocab/abc", -1), "a token id is not a non-negative integer"),
    "an id of another type": (changed("model/vocab/abc", 1.5), "a token id is not a non-negative integer"),
    "an id that is a truth": (changed("model/vocab/abc", True), "a token id is not a non-negative integer"),
    "an id too large": (
        changed("model/vocab/abc", 9999),
        "token id 9999 is too large: the encoder's word-embedding table has 20 rows",
    ),
    "an id just too large": (changed("model/vocab/abc", 20), "token id 20 is too large"),
    "an added token of nothing": (changed("added_tokens/0/content", ""), "a token of 0 characters, expected 1 to 256"),
    "an endless added token": (changed("added_tokens/0/content", "x" * 257), "a token of 257 characters"),
    "a deep sequence": (deep("normalizer", "normalizers", 8), "normalizer: nested deeper than 8 levels"),
    "an unknown expression": (
        changed("pre_tokenizer", {**SPLIT, "pattern": {"Regex": BAD_REGEX}}),
        r"Split has the regular expression '\(a\+\)\+\$', which is not on the list of known ones",
    ),
    "an expression in a sequence": (
        changed(
            "normalizer",
            {
                "type": "Sequence",
                "normalizers": [{"type": "Replace", "pattern": {"Regex": BAD_REGEX}, "content": ""}],
            },
        ),
        "Replace has the regular expression",
    ),
    "a text that swells": (
        changed("normalizer", {"type": "Replace", "pattern": {"String": "a"}, "content": "x" * 257}),
        "Replace has a text of more than 256 characters",
    ),
    "a template's unknown token": (
        changed("post_processor/single/0/SpecialToken/id", "[NO]"),
        r"the template names '\[NO\]', which is not a special token",
    ),
    "a pair's unknown token": (changed("post_processor/pair/0", {"SpecialToken": {"id": "[NO]"}}), r"names '\[NO\]'"),
    "a special token's other id": (
        changed("post_processor/special_tokens/[CLS]/ids", [19]),
        r"the token '\[CLS\]' with the id 19 is not in the vocabulary",
    ),
    "a special token of no ids": (changed("post_processor/special_tokens/[CLS]/ids", []), "has 1 tokens and 0 ids"),
    "a special token of nothing": (
        changed("post_processor/special_tokens/[CLS]", {"id": "[CLS]", "ids": [], "tokens": []}),
        "has 0 tokens and 0 ids",
    ),
    "an end that is not there": (
        changed("post_processor", {"type": "BertProcessing", "sep": ["</s>", 3], "cls": ["[CLS]", 2]}),
        "the token '</s>' with the id 3 is not in the vocabulary",
    ),
    "an end without an id": (
        changed("post_processor", {"type": "RobertaProcessing", "sep": ["[SEP]"], "cls": ["[CLS]", 2]}),
        "expected a token and its id",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_broken_rule_is_named(name: str) -> None:
    broken, message = REFUSED[name]
    with pytest.raises(BundleError, match=message) as caught:
        Tokenizer(broken, max_tokens=8, n_embeddings=len(VOCAB))
    assert str(caught.value).startswith("tokenizer.json cannot be read: ")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("slot", COMPONENTS)
@pytest.mark.parametrize("kind", ["Custom", None, 3, ["BertNormalizer"]])
def test_a_component_of_an_unknown_type(slot: str, kind: Any) -> None:
    with pytest.raises(BundleError, match=f"{slot}: the type .* is not one of {COMPONENTS[slot][0]}"):
        check_tokenizer(changed(slot, {"type": kind}))


def test_a_file_too_large_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_policy, "MAX_BYTES", 100)
    monkeypatch.setattr(json, "loads", lambda *_, **__: pytest.fail("it was parsed"))
    with pytest.raises(BundleError, match="bytes, expected at most 100"):
        check_tokenizer(content())


SCALARS = st.none() | st.booleans() | st.integers(-2, 300) | st.text(max_size=3)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=3), v, max_size=3))


def _places(value: Any) -> list[tuple[Any, Any]]:
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    return [(value, key) for key, _ in pairs] + [place for _, inner in pairs for place in _places(inner)]


@settings(max_examples=300)
@given(st.data())
def test_any_change_loads_or_is_a_typed_error(data: st.DataObject) -> None:
    document = json.loads(content())
    place, key = data.draw(st.sampled_from(_places(document)))
    place[key] = data.draw(VALUES)
    _load_or_refuse(json.dumps(document).encode())


def _load_or_refuse(content: bytes, load: Callable[..., Tokenizer] = Tokenizer) -> None:
    try:
        tokenizer = load(content, max_tokens=16, n_embeddings=len(VOCAB))
        tokens = tokenizer(["abc naive xyz"])
    except (BundleError, ValueError) as error:
        if not type(error).__module__.startswith("claxon"):
            raise
    else:
        assert tokens.input_ids.max(initial=0) < len(VOCAB)
