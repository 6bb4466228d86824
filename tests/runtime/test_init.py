"""The public face of ``claxon``: these names and no others, each with its documentation."""

from __future__ import annotations

import inspect
from importlib.metadata import version
from importlib.resources import files

import pytest

import claxon
from claxon import errors

PUBLIC = [
    "Batcher",
    "Bundle",
    "BundleError",
    "BundleNotFoundError",
    "Classifier",
    "ClaxonError",
    "ClosedError",
    "DeviceError",
    "Encoder",
    "EngineError",
    "FailedRow",
    "Features",
    "InputError",
    "IntegrityError",
    "Label",
    "LabelSet",
    "LabelWarning",
    "MissingDependencyError",
    "OptionError",
    "OutputError",
    "OverloadedError",
    "Predictions",
    "RequestTimeoutError",
    "TokenizationError",
    "TruncatedTextError",
    "TruncationWarning",
    "__version__",
    "load",
]
# What scikit-learn and sentence-transformers taught people to expect, and what Claxon adds.
MEMBERS = {
    "Bundle": ["digest", "manifest", "open", "path", "read", "verify"],
    "Classifier": [
        "classes_",
        "classify",
        "close",
        "decision_function",
        "from_labels",
        "labels",
        "load",
        "predict",
        "predict_all",
        "predict_proba",
        "predictions",
        "predictions_all",
        "predictions_iter",
        "similarity",
        "with_labels",
        "zero_shot",
    ],
    "Encoder": [
        "close",
        "device",
        "encode",
        "encode_document",
        "encode_iter",
        "encode_query",
        "features",
        "from_bundle",
        "get_embedding_dimension",
        "get_sentence_embedding_dimension",
        "load",
        "max_seq_length",
        "pair_features",
        "precision",
        "prompts",
        "providers",
        "similarity",
        "similarity_fn_name",
        "similarity_pairwise",
        "spec",
        "token_budget",
        "token_states",
        "tokenize",
        "width",
    ],
}


def test_the_names_are_pinned() -> None:
    assert claxon.__all__ == PUBLIC == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_is_there(name: str) -> None:
    assert hasattr(claxon, name)


@pytest.mark.parametrize("name", MEMBERS)
def test_the_members_of_the_classes_are_pinned(name: str) -> None:
    kind = getattr(claxon, name)
    found = [member for member in dir(kind) if not member.startswith("_")]
    assert found == MEMBERS[name]


def test_every_error_is_public() -> None:
    raised = {name for name, kind in vars(errors).items() if inspect.isclass(kind)}
    assert raised <= {*PUBLIC, *claxon.jobs.__all__}


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "__version__"])
def test_every_name_is_documented(name: str) -> None:
    found = getattr(claxon, name)
    assert inspect.getdoc(found)
    for member_name, member in inspect.getmembers(found):
        is_own = str(getattr(member, "__module__", None)).startswith("claxon")
        if not member_name.startswith("_") and is_own:
            assert inspect.getdoc(member), member_name


def test_the_version_is_the_distributions() -> None:
    assert claxon.__version__ == version("claxon")


def test_the_types_are_for_others_too() -> None:
    assert files("claxon").joinpath("py.typed").is_file()
