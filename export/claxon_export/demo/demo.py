"""The demo: exports a checkpoint, fits a head on labeled sentences, and labels unseen ones."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Parity
from claxon.classifier import Classifier
from claxon.heads.label_sets import LabelSet
from claxon_export.bundle.adding import add_head
from claxon_export.demo.minilm import get_minilm, hub_answers
from claxon_export.pipeline import export
from claxon_export.training.fitting import fit

DISTILBERT_ID = "distilbert/distilbert-base-uncased-finetuned-sst-2-english"
TEXT_WIDTH = 62

Print = Callable[[str], None]


@dataclass(slots=True)
class Steps:
    """The steps that were done, with their seconds."""

    show: Print
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step, and print it when it is done."""
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
        self.show(f"  {name:<58} {self.seconds[name]:6.1f} s")


def run(work: str | Path = "demo", *, offline: bool = False, show: Print = print) -> None:
    """Run the demo.

    Args:
        work: Folder for the checkpoint and the bundles; it may be deleted afterwards.
        offline: Do not ask the model hub.
        show: Takes each line.

    Raises:
        ClaxonError: a step failed; the message says which file or option.
    """
    folder, steps = Path(work), Steps(show)
    folder.mkdir(parents=True, exist_ok=True)
    show("Claxon demo: checkpoint -> bundle -> labels, without PyTorch\n")
    with steps.step("check whether the model hub can be reached"):
        is_hub_there = not offline and hub_answers()
    bundle = _minilm_bundle(folder, steps, is_hub_there=is_hub_there)
    unseen = read_table("demo_unseen.csv")
    columns = _columns(bundle, [row["text"] for row in unseen], steps)
    if is_hub_there:
        columns["DistilBERT SST-2"] = _distilbert(folder, [row["text"] for row in unseen], steps)
    _report(bundle, unseen, columns, show)
    if not is_hub_there:
        show(f"\nThe model hub did not answer within five seconds, so {DISTILBERT_ID} has no column here.")
    show(f"\n{sum(steps.seconds.values()):.1f} s in total. Next: claxon inspect {bundle}")


def read_table(name: str) -> list[dict[str, str]]:
    """Read the rows of a packaged CSV file."""
    content = (files("claxon_export") / "texts" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(content, newline="")))


def likert_labels() -> LabelSet:
    """Return the five labels from Very Negative to Very Positive, with several phrasings each."""
    content = (files("claxon_export") / "texts" / "likert.json").read_text(encoding="utf-8")
    return LabelSet.of(json.loads(content))


def _minilm_bundle(folder: Path, steps: Steps, *, is_hub_there: bool) -> Path:
    bundle, train = folder / "minilm", read_table("demo_train.csv")
    with steps.step("get all-MiniLM-L6-v2 and check its SHA-256"):
        fetched = get_minilm(folder, is_hub_there=is_hub_there)
    steps.show(f"    {fetched.origin}")
    with steps.step("export it, and compare 64 texts with the source"):
        export(fetched.folder, bundle, force=True)
    with steps.step(f"fit the head 'sentiment' on {len(train)} labeled sentences"):
        texts, labels = [row["text"] for row in train], [row["label"] for row in train]
        fit(bundle, texts, labels, head="sentiment", test_size=0)
    with steps.step("add the head 'stars': similarity to five labels"):
        add_head(bundle, "stars", labels=likert_labels())
    return bundle


def _columns(bundle: Path, texts: Sequence[str], steps: Steps) -> dict[str, Sequence[Any]]:
    with steps.step(f"load the bundle and label {len(texts)} unseen sentences, two heads"):
        labels = Classifier.load(bundle).predict_all(texts)
    return {"sentiment": labels["sentiment"].tolist(), "stars": labels["stars"].tolist()}


def _distilbert(folder: Path, texts: Sequence[str], steps: Steps) -> Sequence[Any]:
    with steps.step("export DistilBERT SST-2 as it comes, and label with it"):
        bundle = export(DISTILBERT_ID, folder / "distilbert-sst2", force=True)
        labels: Sequence[Any] = Classifier.load(bundle.path).predict(texts).tolist()
    return labels


def _report(bundle: Path, unseen: Sequence[dict[str, str]], columns: dict[str, Sequence[Any]], show: Print) -> None:
    header = ["text", "truth", *columns]
    rows = [
        [_shortened(row["text"]), f"{row['label']}, {row['stars']}", *(str(column[i]) for column in columns.values())]
        for i, row in enumerate(unseen)
    ]
    show("")
    for line in table([header, *rows]):
        show(line)
    right = sum(result == row["label"] for result, row in zip(columns["sentiment"], unseen, strict=True))
    show(f"\nsentiment: {right} of {len(unseen)} correct.")
    parity = Bundle.open(bundle).manifest.encoder.variants[0].parity
    if parity is not None:
        show(_parity_line(parity))


def _parity_line(parity: Parity) -> str:
    worst = max(comparison.max_abs_difference for comparison in parity.comparisons)
    cosines = [comparison.min_cosine for comparison in parity.comparisons if comparison.min_cosine is not None]
    return (
        f"parity: {parity.texts} texts, bundle against source ({parity.source}): largest difference {worst:.1e}, "
        f"worst cosine {min(cosines):.7f}."
    )


def _shortened(text: str) -> str:
    return text if len(text) <= TEXT_WIDTH else text[: TEXT_WIDTH - 1].rstrip() + "…"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Format rows as aligned lines, the first underlined."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]
