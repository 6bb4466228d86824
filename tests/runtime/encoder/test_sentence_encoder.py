"""``encode`` and its companions do what sentence-transformers does with the same words, and say what they cannot."""

from __future__ import annotations

import inspect
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claxon
import claxon_export
from claxon.encoder.run_options import ENCODE_DEFAULTS, EncodeOptions
from claxon.errors import InputError, OptionError
from tests.checkpoints import write_checkpoint
from tests.texts import TEXTS

TOLERANCE = 2e-5
PROMPTS = {"query": "was it good ? ", "passage": "the book : ", "mood": "really "}
SETTINGS = {"prompts": PROMPTS, "default_prompt_name": "mood", "similarity_fn_name": "euclidean"}


@pytest.fixture(scope="module")
def prompted_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_checkpoint(tmp_path_factory.mktemp("prompted") / "checkpoint", "mpnet")
    (folder / "config_sentence_transformers.json").write_text(json.dumps(SETTINGS))
    return folder


@pytest.fixture(scope="module")
def ours(prompted_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> claxon.Encoder:
    bundle = claxon_export.export(prompted_checkpoint, tmp_path_factory.mktemp("bundles") / "prompted")
    return claxon.Encoder.load(bundle.path, threads=1)


@pytest.fixture(scope="module")
def theirs(prompted_checkpoint: Path) -> Any:
    library = pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what transformers deprecates in itself
        return library.SentenceTransformer(str(prompted_checkpoint), device="cpu")


CALLS: dict[str, dict[str, Any]] = {
    "plain": {},
    "a named prompt": {"prompt_name": "passage"},
    "a prompt in so many words": {"prompt": "not good : "},
    "no prompt": {"prompt": ""},
    "fewer dimensions": {"truncate_dim": 8},
    "fewer dimensions, unit-norm": {"truncate_dim": 8, "normalize_embeddings": True},
    "what asks for what is": {"convert_to_numpy": True, "convert_to_tensor": False, "device": None, "batch_size": 2},
}


@pytest.mark.filterwarnings("ignore::claxon.TruncationWarning")
@pytest.mark.parametrize("method", ["encode", "encode_query", "encode_document"])
@pytest.mark.parametrize("options", CALLS.values(), ids=list(CALLS))
def test_the_same_call_gives_the_same_embeddings(
    method: str, options: dict[str, Any], ours: claxon.Encoder, theirs: Any
) -> None:
    found, expected = getattr(ours, method)(TEXTS, **options), getattr(theirs, method)(TEXTS, **options)
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)


@pytest.mark.filterwarnings("ignore::claxon.TruncationWarning")
def test_prompts_make_a_difference_or_this_would_show_nothing(ours: claxon.Encoder) -> None:
    plain, query, document = (call(TEXTS) for call in (ours.encode, ours.encode_query, ours.encode_document))
    assert min(np.abs(plain - query).max(), np.abs(plain - document).max(), np.abs(query - document).max()) > 0.01


def test_an_encoder_says_the_same_of_itself(ours: claxon.Encoder, theirs: Any) -> None:
    assert ours.get_sentence_embedding_dimension() == ours.get_embedding_dimension() == ours.width
    assert ours.width == theirs.get_embedding_dimension()
    assert ours.max_seq_length == theirs.max_seq_length
    assert ours.similarity_fn_name == theirs.similarity_fn_name == "euclidean"
    assert ours.prompts == {name: text for name, text in theirs.prompts.items() if name in PROMPTS}


def test_embeddings_are_compared_as_the_source_compares_them(ours: claxon.Encoder, theirs: Any) -> None:
    embeddings = ours.encode(["great book", "bad service", "the phone broke today"])
    np.testing.assert_allclose(
        ours.similarity(embeddings, embeddings[:2]), theirs.similarity(embeddings, embeddings[:2]), atol=1e-5
    )
    np.testing.assert_allclose(
        ours.similarity_pairwise(embeddings, embeddings[::-1]),
        theirs.similarity_pairwise(embeddings, embeddings[::-1].copy()),
        atol=1e-5,
    )


@pytest.mark.parametrize(("precision", "columns"), [("int8", 32), ("uint8", 32), ("binary", 4), ("ubinary", 4)])
def test_embeddings_take_less_memory(precision: str, columns: int, ours: claxon.Encoder) -> None:
    found = ours.encode(["great book", "bad service"], precision=precision)
    assert found.shape == (2, columns)
    assert found.dtype == (np.uint8 if precision.startswith("u") else np.int8)


def test_texts_may_be_called_sentences(ours: claxon.Encoder) -> None:
    call: Any = ours.encode
    expected = ours.encode(["great book"])
    np.testing.assert_array_equal(call(sentences=["great book"]), expected)
    np.testing.assert_array_equal(call(inputs=["great book"], show_progress_bar=None), expected)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"convert_to_tensor": True}, "torch.from_numpy"),
        ({"convert_to_numpy": False}, "list of vectors"),
        ({"device": ["cuda:0", "cuda:1"]}, "Encoder.load"),
        ({"output_value": "token_embeddings"}, "token_states"),
        ({"pool": {}}, "claxon job"),
        ({"chunk_size": 8}, "batch_size"),
        ({"precision": "int4"}, "expected one of float32, int8, uint8, binary, ubinary"),
        ({"truncate_dim": 33}, "expected 1 to 32"),
        ({"truncate_dim": 0}, "expected 1 to 32"),
        ({"prompt_name": "querry"}, "did you mean 'query'"),
        ({"prompt_name": "x"}, "the bundle's prompts are: query, passage, mood"),
        ({"prompt_name": "query", "prompt": "a"}, "either"),
        ({"prompt": 7}, "expected a str"),
        ({"precision": "int8", "errors": "record"}, "no NaN"),
    ],
)
@pytest.mark.parametrize("method", ["encode", "encode_query"])
def test_what_cannot_be_done_is_said_with_what_to_do(
    method: str, options: dict[str, Any], words: str, ours: claxon.Encoder
) -> None:
    with pytest.raises(OptionError, match=words.replace("(", r"\(")):
        getattr(ours, method)(["a"], **options)


def test_another_limit_is_given_when_the_bundle_is_loaded(ours: claxon.Encoder) -> None:
    with pytest.raises(OptionError, match="max_tokens=16"):
        ours.max_seq_length = 16


def test_what_is_not_an_embedding_is_not_compared(ours: claxon.Encoder) -> None:
    with pytest.raises(InputError, match="numbers"):
        ours.similarity(["great book"], ["bad service"])


def test_an_option_that_nobody_knows_is_refused_by_name(ours: claxon.Encoder) -> None:
    call: Any = ours.encode_document
    with pytest.raises(TypeError, match="did you mean 'normalize_embeddings'"):
        call(["a"], normalise_embeddings=True)


def test_help_lists_every_option() -> None:
    listed = inspect.signature(claxon.Encoder.encode).parameters
    assert {name: listed[name].default for name in ENCODE_DEFAULTS} == ENCODE_DEFAULTS
    assert set(listed) == {"self", "texts", *inspect.get_annotations(EncodeOptions), *ENCODE_DEFAULTS}
    for method in (claxon.Encoder.encode_query, claxon.Encoder.encode_document):
        assert set(inspect.signature(method).parameters) == set(listed)
