"""The model card says what the manifest says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from claxon.bundle.manifest import (
    SCHEMA,
    Comparison,
    EncoderSpec,
    Feature,
    GraphVariant,
    HeadKind,
    HeadSpec,
    Manifest,
    Parity,
    Precision,
    Provenance,
    ScoreKind,
)
from claxon_export.bundle.card import model_card

PARITY = Parity(
    "transformers 4.57.6, torch 2.13.0",
    64,
    "0123456789abcdef" + "0" * 48,
    (
        Comparison("embedding", 1.23e-6, 0.99999994, 0.9999991),
        Comparison("probabilities, padded", 4e-7, label_agreement=0.98765),
    ),
)
VARIANT = GraphVariant(Precision.FP32, "encoder.onnx", "encoder.safetensors", ("cpu",), (), PARITY)
ENCODER = EncoderSpec(
    architecture="mpnet",
    layers=12,
    width=768,
    attention_heads=12,
    vocab_size=30527,
    parameters=109486464,
    inputs=("input_ids", "attention_mask"),
    features={Feature.CLS: 768, Feature.EMBEDDING: 768},
    pooling=Feature.MEAN,
    default_feature=Feature.EMBEDDING,
    max_tokens=384,
    pad_id=1,
    prompt="",
    token_states=False,
    variants=(VARIANT,),
)
HEAD = HeadSpec(
    "sentiment",
    HeadKind.LOGISTIC,
    Feature.EMBEDDING,
    "heads/sentiment.onnx",
    ("negative", "positive"),
    ScoreKind.PROBABILITY,
)
REVISION = "e8c3b32edf5434bc2275fc9bab85f82640a19130"
PROVENANCE = Provenance("org/all-mpnet-base-v2", REVISION, "native", {}, {"claxon": "1.2.3"})


def card(**changes: Any) -> str:
    encoder = replace(ENCODER, **changes.pop("encoder", {}))
    provenance = replace(PROVENANCE, **changes.pop("provenance", {}))
    return model_card(Manifest(SCHEMA, encoder, changes.pop("heads", ()), {}, provenance))


def test_front_matter_is_what_hubs_read() -> None:
    expected = [
        "---",
        "library_name: claxon",
        "pipeline_tag: sentence-similarity",
        "base_model: org/all-mpnet-base-v2",
        "---",
    ]
    assert card().splitlines()[:5] == expected


def test_the_license_of_the_source_goes_with_it() -> None:
    text = card(provenance={"license": "apache-2.0"})
    assert "license: apache-2.0" in text.splitlines()[:6]
    assert "names the license `apache-2.0`, which applies to its weights." in text
    assert "license: [mit, gpl-3.0]" in card(provenance={"license": "mit, gpl-3.0"})
    assert "names no license" in card()


def test_bundle_with_heads_is_a_text_classifier() -> None:
    assert "pipeline_tag: text-classification" in card(heads=(HEAD,))


def test_folder_is_no_base_model_of_a_hub() -> None:
    text = card(provenance={"source": "my-folder", "revision": None})
    assert "base_model" not in text
    assert "# my-folder, a Claxon bundle" in text
    assert "commit" not in text


def test_title_source_commit_and_version() -> None:
    text = card()
    assert "# all-mpnet-base-v2, a Claxon bundle" in text
    assert f"Made from `org/all-mpnet-base-v2` at commit `{REVISION}` by Claxon 1.2.3." in text


def test_unknown_version_is_said() -> None:
    assert "by Claxon of an unknown version." in card(provenance={"tools": {}})


def test_usage_is_python_that_compiles() -> None:
    for heads, call in (((), 'claxon.Encoder.load("path'), ((HEAD,), 'head="sentiment"')):
        code = card(heads=heads).split("```python\n")[1].split("```")[0]
        compile(code, "card", "exec")
        assert call in code


def test_encoder_is_described() -> None:
    text = card()
    for words in (
        "| architecture | mpnet, 12 layers, width 768 |",
        "| parameters | 109,486,464 |",
        "| features | `cls` (768), `embedding` (768) |",
        "| sentence embedding | `embedding` |",
        "| longest text | 384 tokens, special tokens included; longer texts are truncated |",
        "| precisions | fp32 |",
    ):
        assert words in text


def test_encoder_without_sentence_embedding() -> None:
    assert "| sentence embedding | none |" in card(encoder={"default_feature": None})


def test_heads_are_listed_with_their_labels() -> None:
    other = replace(HEAD, name="stars", kind=HeadKind.SIMILARITY, labels=(1, 2, 3), scores=ScoreKind.COSINE)
    text = card(heads=(HEAD, other))
    assert "- **sentiment**: logistic on `embedding`, probability of `negative`, `positive`" in text
    assert "- **stars**: similarity on `embedding`, cosine of `1`, `2`, `3`" in text
    assert "## Heads" not in card()


def test_parity_figures_are_shown() -> None:
    text = card()
    assert "fp32, 64 texts against transformers 4.57.6, torch 2.13.0 (texts' SHA-256 `0123456789abcdef…`):" in text
    assert "| embedding | 1.2e-06 | 0.9999999 | 0.9999991 |  |" in text
    assert "| probabilities, padded | 4.0e-07 |  |  | 98.77% |" in text


def test_export_without_verification_is_said() -> None:
    text = card(encoder={"variants": (replace(VARIANT, parity=None),)})
    assert "**fp32: not verified.** It was exported with `--no-verify`." in text
    assert "largest difference" not in text


@pytest.mark.parametrize("heads", [(), (HEAD,)])
def test_card_ends_with_one_newline(heads: tuple[HeadSpec, ...]) -> None:
    text = card(heads=heads)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\n\n\n" not in text
