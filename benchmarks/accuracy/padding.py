"""What the mean over padding changes: the published features took it in, Claxon's leave it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

import claxon_export
from accuracy.experiments import Texts
from accuracy.running import TRAIN, VALIDATION, Workplace, draw
from claxon.bundle.bundle import Bundle
from claxon.encoder.features import FloatMatrix
from claxon.encoder.loading import Parts, load_parts
from claxon.text.batching import Matrix, plan
from claxon.text.tokens import IntArray, Tokens

TOKEN_STATES = "token_states"
# As the published experiment has it: the texts of a table are padded to the longest of them, cut at 512.
TOKENS = 512
LEARNT_FROM = 1500
BATCH_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class PaddingFound:
    """Accuracy of LR on the mean of the tokens alone, and on the mean of tokens and padding; same texts, same split."""

    texts: Texts
    learnt_from: int
    judged: int
    tokens_alone: float
    with_padding: float


def padding_found(checkpoint: Path, place: Workplace, work: Path) -> PaddingFound:
    """Fit and judge both, on Amazon reviews.

    Args:
        checkpoint: A DistilBERT, to export with its token states.
        place: Where the texts are.
        work: A folder for the bundle.
    """
    bundle = claxon_export.export(checkpoint, work / "token-states", token_states=True, pooling="mean")
    parts = load_parts(bundle, device="cpu", precision="fp32", max_tokens=TOKENS)
    learnt = draw(place.read(Texts.AMAZON_REVIEWS, TRAIN), LEARNT_FROM, place.seed)
    judged = place.read(Texts.AMAZON_REVIEWS, VALIDATION)
    features = [means(parts, bundle, texts) for texts in (learnt.texts, judged.texts)]
    accuracies = []
    for kind in ("tokens_alone", "with_padding"):
        train, validation = (getattr(found, kind) for found in features)
        head = LogisticRegression(max_iter=1000).fit(train, learnt.labels)
        accuracies.append(float(head.score(validation, judged.labels)))
    return PaddingFound(Texts.AMAZON_REVIEWS, LEARNT_FROM, len(judged), *accuracies)


@dataclass(frozen=True, slots=True)
class Means:
    """Mean states of texts, over their tokens and over tokens and padding. Shapes: ``(texts, width)``, float32."""

    tokens_alone: FloatMatrix
    with_padding: FloatMatrix


def means(parts: Parts, bundle: Bundle, texts: Sequence[str]) -> Means:
    """Both means, of texts that are padded to the longest of all; the mask keeps padding from the attention."""
    spec = bundle.manifest.encoder
    tokens = parts.tokenizer(texts)
    longest = int(tokens.lengths.max())
    alone = np.empty((len(texts), spec.features[next(iter(spec.features))]), np.float32)
    padded = np.empty_like(alone)
    for rows in plan(np.full(len(texts), longest), token_budget=BATCH_TOKENS):
        feeds = _padded(tokens, rows, longest, spec.pad_id)
        (states,) = parts.session.run([TOKEN_STATES], feeds)
        mask = feeds["attention_mask"][:, :, None].astype(np.float32)
        alone[rows] = (states * mask).sum(axis=1) / mask.sum(axis=1)
        padded[rows] = states.mean(axis=1)
    return Means(alone, padded)


def _padded(tokens: Tokens, rows: IntArray, longest: int, pad_id: int) -> dict[str, Matrix]:
    ids = np.full((len(rows), longest), pad_id, np.int64)
    mask = np.zeros_like(ids)
    starts = tokens.starts
    for i, row in enumerate(rows.tolist()):
        length = int(tokens.lengths[row])
        ids[i, :length] = tokens.input_ids[starts[row] : starts[row] + length]
        mask[i, :length] = 1
    return {"input_ids": ids, "attention_mask": mask}
