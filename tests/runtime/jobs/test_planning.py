from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, cast

import pytest

import claxon_export
from claxon.bundle.bundle import Bundle
from claxon.errors import JobError, JobMismatchError, OptionError
from claxon.formats.lines import InputFormat
from claxon.jobs.planning import JobRequest, check_no_other_folder, job_options
from claxon.labelling.labeller import chosen_heads
from tests.jobs import planned, short_texts, write_csv


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "in.csv", short_texts(30))


def test_the_same_job_goes_on_although_its_input_was_touched(tiny_bundle: Path, reviews: Path, tmp_path: Path) -> None:
    plan = planned(tiny_bundle, [reviews], tmp_path / "out")
    os.utime(reviews, (5, 5))
    assert planned(tiny_bundle, [reviews], tmp_path / "out") == plan


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"heads": ["sentiment", "topic"]}, "heads was sentiment, is now sentiment, topic"),
        ({"embed": "float16"}, "embed was none, is now float16"),
        ({"shard_rows": 7}, "shard_rows was 8192, is now 7"),
        ({"precision": "fp32"}, "precision was auto, is now fp32"),
    ],
)
def test_other_options_are_refused(
    tiny_bundle: Path, reviews: Path, tmp_path: Path, request_: dict[str, Any], told: str
) -> None:
    planned(tiny_bundle, [reviews], tmp_path / "out")
    with pytest.raises(JobMismatchError, match=f"out holds another job: {told}. Choose another folder"):
        planned(tiny_bundle, [reviews], tmp_path / "out", **request_)


def test_another_bundle_is_refused(copied_bundle: Path, tiny_bundle: Path, reviews: Path, tmp_path: Path) -> None:
    planned(tiny_bundle, [reviews], tmp_path / "out")
    claxon_export.remove_head(copied_bundle, "topic")
    with pytest.raises(JobMismatchError, match=r"the bundle was .{12}…, is now"):
        planned(copied_bundle, [reviews], tmp_path / "out")


def test_other_inputs_are_refused(tiny_bundle: Path, reviews: Path, tmp_path: Path) -> None:
    planned(tiny_bundle, [reviews], tmp_path / "out")
    other = Path(shutil.copy(reviews, tmp_path / "more.csv"))
    with pytest.raises(JobMismatchError, match=r"more.csv is new"):
        planned(tiny_bundle, [reviews, other], tmp_path / "out")
    with pytest.raises(JobMismatchError, match=r"in.csv is missing"):
        planned(tiny_bundle, [other], tmp_path / "out")
    reviews.write_text(reviews.read_text() + "30,more\n")
    with pytest.raises(JobMismatchError, match=r"in.csv was changed since the job was planned"):
        planned(tiny_bundle, [reviews], tmp_path / "out")


def test_heads_are_the_only_one_or_named_or_none_with_embeddings(tiny_bundle: Path, copied_bundle: Path) -> None:
    bundle = Bundle.open(tiny_bundle)
    assert chosen_heads(bundle, ["topic", "sentiment"], is_embedded=False) == ("topic", "sentiment")
    assert chosen_heads(bundle, None, is_embedded=True) == ()
    for heads, told in [
        (None, "has several heads: add --head sentiment and --head topic"),
        ("x", "no head 'x'; its heads are"),
    ]:
        with pytest.raises(OptionError, match=told):
            chosen_heads(bundle, heads, is_embedded=False)
    with pytest.raises(OptionError, match="a head is named twice"):
        chosen_heads(bundle, ["topic", "topic"], is_embedded=False)
    claxon_export.remove_head(copied_bundle, "topic")
    assert chosen_heads(Bundle.open(copied_bundle), None, is_embedded=False) == ("sentiment",)
    claxon_export.remove_head(copied_bundle, "sentiment")
    with pytest.raises(OptionError, match="has no heads; add one with `claxon fit`, or write embeddings"):
        chosen_heads(Bundle.open(copied_bundle), None, is_embedded=False)


@pytest.mark.parametrize(
    "request_",
    [{"embed": "int8"}, {"keep": []}, {"keep": "id"}, {"keep": ["a", "a"]}, {"shard_rows": 0}, {"output_format": "csv"},
     {"margin": -1}, {"device": "tpu"}, {"batch_size": 0}],
)  # fmt: skip
def test_values_that_cannot_be_met(tiny_bundle: Path, request_: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        job_options(Bundle.open(tiny_bundle), InputFormat.CSV, cast(JobRequest, {"heads": "topic", **request_}))


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    check_no_other_folder(tmp_path)
    (tmp_path / "job.lock").touch()
    check_no_other_folder(tmp_path)
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(JobError, match=r"holds thesis.doc and no job"):
        check_no_other_folder(tmp_path)
    with pytest.raises(JobError, match="is not a folder"):
        check_no_other_folder(tmp_path / "thesis.doc")
