"""The manifest: the same again after a round trip through JSON, and every other JSON refused with the place named."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claxon.bundle.manifest import MAX_MANIFEST_BYTES, SCHEMA, SEAL, Manifest
from claxon.errors import BundleError
from tests.bundles import sample_manifest

# Objects whose keys are free: names of files, of tools, of features.
FREE = {"files", "encoder.features", "encoder.prompts", "provenance.files", "provenance.tools", "heads.details"}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
LABELS = st.lists(TEXTS | st.integers(-(2**63), 2**63), min_size=2, max_size=5, unique=True)
DETAILS = st.dictionaries(TEXTS, TEXTS | st.integers() | FLOATS | st.booleans(), max_size=3)


def as_json() -> Any:
    """The sample to be changed, without the seal, which would hold for the sample alone."""
    document = json.loads(sample_manifest().to_json())
    del document[SEAL]
    return document


def objects(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in a JSON value, with its path; positions in lists are left out of it."""
    if isinstance(value, dict):
        yield path, value
    children = value.items() if isinstance(value, dict) else [("", item) for item in value]
    for name, child in children:
        if isinstance(child, dict | list):
            yield from objects(child, ".".join(filter(None, (path, name))))


def read(value: Any) -> Manifest:
    return Manifest.from_json(json.dumps(value).encode())


def test_a_manifest_is_the_same_after_a_round_trip() -> None:
    manifest = sample_manifest()
    content = manifest.to_json()
    assert Manifest.from_json(content) == manifest
    assert Manifest.from_json(content).to_json() == content


@given(
    labels=LABELS,
    details=DETAILS,
    prompt=TEXTS,
    temperature=st.floats(1e-300, 1e300),
    tools=st.dictionaries(TEXTS, TEXTS),
)
def test_any_manifest_is_the_same_after_a_round_trip(
    labels: list[Any], details: dict[str, Any], prompt: str, temperature: float, tools: dict[str, str]
) -> None:
    sample = sample_manifest()
    head = replace(sample.heads[1], labels=tuple(labels), details=details, temperature=temperature)
    manifest = replace(
        sample,
        encoder=replace(sample.encoder, prompt=prompt),
        heads=(sample.heads[0], head),
        provenance=replace(sample.provenance, tools=tools),
    )
    found = Manifest.from_json(manifest.to_json())
    assert found == manifest
    assert [type(label) for label in found.heads[1].labels] == [type(label) for label in labels]


def test_it_is_indented_utf8_with_a_line_feed_at_the_end() -> None:
    lines = sample_manifest().to_json().decode().splitlines(keepends=True)
    assert lines[1] == f'  "schema": {SCHEMA},\n'
    assert any("Φίλμ" in line for line in lines)
    assert lines[-1] == "}\n"


def test_a_cut_anywhere_is_an_error() -> None:
    content = sample_manifest().to_json().rstrip()
    for end in range(len(content)):
        with pytest.raises(BundleError):
            Manifest.from_json(content[:end])


def test_a_manifest_of_before_licenses_names_none() -> None:
    document = as_json()
    document["provenance"]["license"] = "mit"
    assert read(document).provenance.license == "mit"
    del document["provenance"]["license"]
    assert read(document).provenance.license is None
    document["provenance"]["license"] = 1
    with pytest.raises(BundleError, match="license"):
        read(document)


# Manifests of earlier versions lack them.
LATER_KEYS = {
    "license", "prompts", "similarity", "thresholds", "truncation_side", "unseen", "accepted_unknown", "notes",
}  # fmt: skip


def test_every_key_is_needed_and_no_other_is_known() -> None:
    checked = 0
    for path, found in objects(as_json()):
        if path in FREE:
            continue
        for name in found.keys() - LATER_KEYS:
            without = {key: value for key, value in found.items() if key != name}
            with pytest.raises(BundleError, match=f"missing key '{name}'|schema None"):
                read(_with(path, found, without))
        with pytest.raises(BundleError, match="unknown key 'extra'"):
            read(_with(path, found, {**found, "extra": 1}))
        checked += 1
    assert checked > 10


def _with(path: str, found: dict[str, Any], other: dict[str, Any]) -> Any:
    """The sample with one object changed for another."""
    changed = as_json()
    for at, place in objects(changed):
        if at == path and place == found:
            place.clear()
            place.update(other)
            return changed
    raise LookupError(path)


def _set(path: str, value: Any) -> Callable[[Any], None]:
    def change(manifest: Any) -> None:
        *parents, name = path.split("/")
        place = manifest
        for parent in parents:
            place = place[int(parent) if parent.isdecimal() else parent]
        place[name] = value

    return change


ENTRY = {"size_bytes": 1, "sha256": "0" * 64}
REFUSED: list[tuple[str, Any, str]] = [
    ("schema", 2, "schema 2 is not supported by this version, which reads schema 1"),
    ("schema", True, "schema True"),
    ("schema", "1", "schema '1'"),
    ("schema", 1.0, "schema: expected int"),
    *[
        ("files", {name: ENTRY}, "not a plain path inside the bundle")
        for name in (
            "a ", "a.", "a./b", "a\nb", "/".join("d" * 9), "x" * 256,
            "", "/", "/etc/passwd", "..", "../x", "a/../x", "a//b", "a/", "./a", "C:\\x", "C:x", "a\\b", "a\0b",
            "manifest.json",
        )
    ],
    ("files/encoder.onnx/size_bytes", -1, "'encoder.onnx' has an invalid size"),
    ("files/encoder.onnx/sha256", "0" * 63, "'encoder.onnx' has an invalid size or SHA-256"),
    ("files/encoder.onnx/sha256", "A" * 64, "'encoder.onnx' has an invalid size or SHA-256"),
    ("encoder/variants", [], "variants is empty"),
    ("encoder/variants/0/graph", "other.onnx", "encoder variant fp32 names 'other.onnx', which is not among its files"),
    ("encoder/variants/0/weights", "other", "encoder variant fp32 names 'other'"),
    ("encoder/variants/0/precision", "fp8", "precision: 'fp8' is not one of fp32, fp16, int8"),
    ("encoder/features", {}, "features is empty"),
    ("encoder/features", {"max": 3}, "'max' is not one of cls, mean, sentence, embedding"),
    ("encoder/features/mean", 0, "width is below 1"),
    ("encoder/pooling", None, "pooling"),
    ("encoder/default_feature", "cls", "default_feature is not among its features"),
    ("encoder/max_tokens", 2, "max_tokens is 2, expected 3 or more"),
    ("encoder/pad_id", -1, "pad_id is -1, expected 0 to 108"),
    ("encoder/pad_id", 109, "pad_id is 109, expected 0 to 108"),
    ("encoder/vocab_size", 0, "vocab_size is below 1"),
    ("encoder/inputs", ["input_ids"], "inputs are"),
    ("encoder/inputs", ["input_ids", "attention_mask", "position_ids"], "inputs are"),
    ("heads/0/file", "heads/none.onnx", "head 'stars' names 'heads/none.onnx'"),
    ("heads/0/feature", "cls", "head 'stars' reads 'cls', which the encoder does not output"),
    ("heads/0/labels", [1], "'stars' needs at least two labels, all different"),
    ("heads/0/labels", [1, 1], "'stars' needs at least two labels, all different"),
    ("heads/0/labels", [1, None], r"heads\[0\].labels\[1\]: None is not one of"),
    ("heads/0/name", "topic", "two heads are named 'topic'"),
    ("heads/0/temperature", 0.5, "head 'stars' gives probability; a temperature applies to cosines only"),
    ("heads/1/temperature", 0, "temperature 0.0, expected above 0"),
    ("heads/1/temperature", -1.5, "temperature -1.5, expected above 0"),
    ("heads/0/scores", "regression", "'stars' has 3 labels, expected the one name of its number"),
    ("heads/0/thresholds", [0.5, 0.5, 0.5], "'stars' gives probability, which thresholds are not for"),
    ("heads", [{**as_json()["heads"][0], "scores": "multi_label", "labels": []}], "different labels, one or more"),
    ("heads", [{**as_json()["heads"][0], "scores": "multi_label", "thresholds": [0.5]}], "needs 3 finite thresholds"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message"), REFUSED)
def test_what_does_not_hold_together_is_refused(path: str, value: Any, message: str) -> None:
    manifest = as_json()
    _set(path, value)(manifest)
    with pytest.raises(BundleError, match=f"^manifest.json.*{message}"):
        read(manifest)


def test_the_tokenizer_must_be_listed() -> None:
    manifest = as_json()
    del manifest["files"]["tokenizer.json"]
    with pytest.raises(BundleError, match=r"encoder names 'tokenizer\.json'"):
        read(manifest)


@pytest.mark.parametrize("content", [b"[]", b"1", b'"x"', b"null"])
def test_a_manifest_that_is_not_an_object_has_no_schema(content: bytes) -> None:
    with pytest.raises(BundleError, match="schema None"):
        Manifest.from_json(content)


def test_a_huge_manifest_is_not_even_parsed() -> None:
    with pytest.raises(BundleError, match="expected at most"):
        Manifest.from_json(b" " * (MAX_MANIFEST_BYTES + 1))


@pytest.mark.parametrize("other", ["Tokenizer.JSON", "TOKENIZER.json", "heads/STARS.onnx"])
def test_two_names_that_are_one_file_on_some_systems_are_refused(other: str) -> None:
    manifest = as_json()
    manifest["files"][other] = ENTRY
    with pytest.raises(BundleError, match="are the same file on some systems"):
        read(manifest)


def test_an_accent_written_in_two_ways_is_one_name() -> None:
    manifest = as_json()
    manifest["files"] |= {"caf\u00e9": ENTRY, "cafe\u0301": ENTRY}
    with pytest.raises(BundleError, match="are the same file on some systems"):
        read(manifest)


def test_a_seal_is_the_hash_of_the_rest() -> None:
    content = sample_manifest().to_json()
    assert content.decode().rstrip().splitlines()[-2].startswith('  "seal": "')
    assert Manifest.from_json(content) == sample_manifest()
    unsealed = re.sub(rb'"seal": "[0-9a-f]{64}"', b'"seal": ""', content)
    assert json.loads(content)["seal"] == hashlib.sha256(unsealed).hexdigest()


def test_no_flip_of_a_bit_passes() -> None:
    """Labels, provenance and blanks are where nothing but the seal would notice."""
    content = sample_manifest().to_json()
    for place in range(len(content)):
        for bit in (1 << place % 8, 1 << (place + 3) % 8):
            flipped = content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]
            with pytest.raises(BundleError):
                Manifest.from_json(flipped)


def test_no_truncation_passes() -> None:
    content = sample_manifest().to_json()
    for size in range(len(content)):
        if content[size:].strip():
            with pytest.raises(BundleError):
                Manifest.from_json(content[:size])


@pytest.mark.parametrize("seal", ["", "0" * 64, 3, ["x"], {}])
def test_a_wrong_seal_is_refused(seal: Any) -> None:
    with pytest.raises(BundleError, match="was changed after it was written"):
        read({**as_json(), "seal": seal})


def test_the_first_bundles_had_no_seal() -> None:
    assert read(as_json()) == sample_manifest()
