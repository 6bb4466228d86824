"""Texts -> ragged token ids. Truncation is counted, never silent; padding is somebody else's work.

The tokenizer's own padding and truncation are never used: they are state that threads would share, and every checkpoint
bakes in another.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from itertools import chain
from typing import Any

import numpy as np
import tokenizers

from claxon.bundle.manifest import TruncationSide
from claxon.bundle.tokenizer_policy import check_ids, check_tokenizer
from claxon.errors import BundleError, OptionError, TokenizationError
from claxon.text.long_text import LONG, first_ids, last_ids, slices
from claxon.text.pairs import Pair, PairTemplate, PairTruncation, joined_pairs, template_of
from claxon.text.shortening import Kind, LongTextShortener
from claxon.text.tokens import Tokens

WORD = "a"  # a text of one token or more in every vocabulary
# Texts that are given to the native code at once: it does not hear an interruption before it is back.
AT_ONCE = 1024
# What a Rust panic becomes; it is no Exception, and no class that could be imported.
PANIC = "PanicException"


class Tokenizer:
    """A ``tokenizer.json`` with a limit; stateless, so that threads may share it."""

    def __init__(
        self,
        content: bytes,
        *,
        max_tokens: int,
        prompt: str = "",
        n_embeddings: int | None = None,
        truncation_side: TruncationSide = TruncationSide.RIGHT,
    ) -> None:
        """Read ``tokenizer.json``.

        Args:
            content: The file's bytes.
            max_tokens: The limit, special tokens included.
            prompt: Put before every text.
            n_embeddings: Rows of the encoder's word-embedding table; ``None`` if unknown.
            truncation_side: Where a text that is too long is cut, its prompt included.

        Raises:
            BundleError: the content is not a tokenizer, or none that a bundle may hold.
            OptionError: the limit leaves no room for a word beside the special tokens.
        """
        document = check_tokenizer(content, n_embeddings)
        self._tokenizer = _load(content)
        check_ids(max(self._tokenizer.get_added_tokens_decoder(), default=0), n_embeddings)
        self._prefix, self._suffix = _special_tokens(self._tokenizer)
        self._max_tokens, self._room = max_tokens, max_tokens - self.n_special
        self._prompt = prompt
        self._is_cut_left = truncation_side is TruncationSide.LEFT
        self._shortener = _shortener(self._tokenizer, document)
        if self._room < 1:
            raise OptionError(f"max_tokens is {max_tokens}, expected at least {max_tokens - self._room + 1}")

    def with_prompt(self, prompt: str) -> Tokenizer:
        """The same tokenizer with another prompt; what is large is shared."""
        other = copy(self)
        other._prompt = prompt
        return other

    @property
    def n_special(self) -> int:
        """How many tokens are put before and after every text; where it is 0, an empty text has none."""
        return len(self._prefix) + len(self._suffix)

    @property
    def vocab_size(self) -> int:
        """How many ids there are, added tokens included."""
        return int(self._tokenizer.get_vocab_size(with_added_tokens=True))

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Token ids of ``texts``, in their order.

        Of a text of more than ``LONG`` characters only the end that is kept is looked at, as far as its ids are needed.

        Raises:
            TokenizationError: the native code failed on a text.
        """
        pieces = self._pieces(list(texts))
        kept = slice(-self._room, None) if self._is_cut_left else slice(self._room)
        rows = [[*self._prefix, *piece[kept], *self._suffix] for piece in pieces]
        return Tokens(
            input_ids=np.fromiter(chain.from_iterable(rows), np.int64),
            lengths=np.array([len(row) for row in rows], np.int64),
            uncut_lengths=np.array([len(piece) + self.n_special for piece in pieces], np.int64),
        )

    def pairs(self, pairs: Sequence[Pair], truncation: PairTruncation) -> Tokens:
        """Token ids of pairs of texts, in their order; each text is tokenized once, without the prompt.

        Args:
            pairs: Two texts each.
            truncation: Which text is cut where both together are longer than the limit.

        Raises:
            InputError: the text that is not cut leaves no room for the other.
            TokenizationError: the native code failed on a text.
            BundleError: ``tokenizer.json`` puts a pair together in a way that is not supported.
        """
        template = _pair_template(self._tokenizer)
        texts = list(dict.fromkeys(chain.from_iterable(pairs)))
        ids = dict(zip(texts, self.with_prompt("")._pieces(texts), strict=True))
        room = self._max_tokens - template.n_special
        pieces = [(ids[first], ids[second]) for first, second in pairs]
        return joined_pairs(pieces, template, room, truncation, is_cut_left=self._is_cut_left)

    def _pieces(self, texts: list[str]) -> list[list[int]]:
        """Ids of each text with its prompt, no special ones; of a long text more than there is room for."""
        most = LONG - len(self._prompt)
        if max(map(len, texts), default=0) <= most:
            return self._whole(texts)
        whole = iter(self._whole([text for text in texts if len(text) <= most]))
        return [next(whole) if len(text) <= most else self._part(text) for text in texts]

    def _whole(self, texts: list[str]) -> list[list[int]]:
        encodings = []
        for start in range(0, len(texts), AT_ONCE):
            some = texts[start : start + AT_ONCE]
            try:
                encodings += self._encoded(some)
            except BaseException as error:
                if not _is_native(error):
                    raise
                raise self._refusal(some, error) from error
        return [encoding.ids for encoding in encodings]

    def _encoded(self, texts: list[str]) -> list[Any]:
        prompted = [self._prompt + text for text in texts]
        return list(self._tokenizer.encode_batch_fast(prompted, add_special_tokens=False))

    def _refusal(self, texts: list[str], error: BaseException) -> TokenizationError:
        """The error about the first of the texts that fails alone."""
        for text in texts:
            try:
                self._encoded([text])
            except BaseException as own:
                if not _is_native(own):
                    raise
                return TokenizationError(f"{text!r:.40}: {_words(own)}", text)
        return TokenizationError(f"{len(texts)} texts together: {_words(error)}", texts[0])

    def _part(self, text: str) -> list[int]:
        prompted, compactor = self._prompt + text, self._shortener

        def encode(part: str) -> Any:
            return self._tokenizer.encode(part, add_special_tokens=False)

        def shorten(part: str) -> str:
            return part if compactor is None else "".join(compactor.chunks(part))

        try:
            if self._is_cut_left:
                return last_ids(prompted, self._room, encode, shorten)
            return first_ids(slices(prompted) if compactor is None else compactor.chunks(prompted), self._room, encode)
        except BaseException as error:
            if not _is_native(error):
                raise
            raise TokenizationError(f"a text of {len(text):,} characters: {_words(error)}", text) from error


def _is_native(error: BaseException) -> bool:
    """Whether it is the native library's: it raises plain ``Exception``, and panics that are none."""
    return type(error) is Exception or type(error) is TypeError or type(error).__name__ == PANIC


def _words(error: BaseException) -> str:
    return f"the tokenizer failed ({error})"


def _load(content: bytes) -> tokenizers.Tokenizer:
    with _native_errors():
        tokenizer = tokenizers.Tokenizer.from_str(content.decode())
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer


@contextmanager
def _native_errors() -> Iterator[None]:
    """Errors of the native library about the file it is given, as ``BundleError``."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != PANIC:
            raise
        raise BundleError(f"tokenizer.json cannot be read: {error}") from error


def _special_tokens(tokenizer: tokenizers.Tokenizer) -> tuple[list[int], list[int]]:
    """The ids put before and after a text, found by looking at what the template does to one word."""
    with _native_errors():
        bare = _ids(tokenizer, WORD, add_special_tokens=False)
        full = _ids(tokenizer, WORD, add_special_tokens=True)
    for start in range(len(full) - len(bare) + 1 if bare else 0):
        if full[start : start + len(bare)] == bare:
            return full[:start], full[start + len(bare) :]
    raise BundleError("tokenizer.json changes a text's own tokens when it adds special tokens; this is not supported")


def _pair_template(tokenizer: tokenizers.Tokenizer) -> PairTemplate:
    """The special tokens of a pair, found by looking at what the template does to a pair of words."""
    with _native_errors():
        pair = tokenizer.encode(WORD, WORD, add_special_tokens=True)
        template = template_of(_ids(tokenizer, WORD, add_special_tokens=False), pair.ids, pair.type_ids)
    if template is None:
        raise BundleError("tokenizer.json changes the texts of a pair when it joins them; this is not supported")
    return template


def _ids(tokenizer: tokenizers.Tokenizer, text: str, *, add_special_tokens: bool) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=add_special_tokens).ids)


def _shortener(tokenizer: tokenizers.Tokenizer, document: Mapping[str, Any]) -> LongTextShortener | None:
    """What shortens long texts for this tokenizer; ``None`` unless it is of BERT's kind."""
    normalizer, model = document.get("normalizer") or {}, document["model"]
    steps = [step["type"] for step in normalizer.get("normalizers", [normalizer])] if normalizer else [None]
    pre_tokenizer = (document.get("pre_tokenizer") or {}).get("type")
    if steps[-1] != "BertNormalizer" or {*steps[:-1]} - {"Lowercase"} or pre_tokenizer != "BertPreTokenizer":
        return None
    if "max_input_chars_per_word" not in model or model.get("type", "WordPiece") != "WordPiece":
        return None

    def kind_of(character: str) -> Kind:
        return _kind(tokenizer, character)

    if not all(_is_plain(token, kind_of) for token in document.get("added_tokens") or []):
        return None
    return LongTextShortener(kind_of, int(model["max_input_chars_per_word"]))


def _is_plain(token: Mapping[str, Any], kind_of: Any) -> bool:
    """Whether an added token can neither come about nor get lost where a text is shortened, as ``[SEP]`` cannot."""
    kinds = [kind_of(character) for character in token["content"]]
    are_ends_breaks = kinds[0] == kinds[-1] == Kind.BREAK
    return are_ends_breaks and {*kinds} <= {Kind.WORD, Kind.BREAK} and not token.get("single_word")


def _kind(tokenizer: tokenizers.Tokenizer, character: str) -> Kind:
    """What a character is to the tokenizer, seen between two letters."""
    normalized = tokenizer.normalizer.normalize_str(f"a{character}a")
    words = len(tokenizer.pre_tokenizer.pre_tokenize_str(normalized))
    if normalized == "aa":
        is_mark = unicodedata.category(character).startswith("M") and not unicodedata.combining(character)
        return Kind.DROPPED_MARK if is_mark else Kind.DROPPED
    if unicodedata.combining(character):
        return Kind.OTHER
    return {1: Kind.WORD, 2: Kind.BLANK}.get(words, Kind.BREAK)
