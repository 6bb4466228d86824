"""A bundle and labeled texts -> an ``Evaluation`` of the heads that know the labels; the encoder runs once for all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature, LabelValue
from claxon.encoder.encoder import Encoder
from claxon.encoder.loading import LoadOptions
from claxon.engine.selection import AUTO
from claxon.heads.decision import softmax
from claxon.heads.heads import GraphHead
from claxon.support.reporting import steps
from claxon.support.signatures import names_nearest
from claxon_export.data.feature_cache import cached_features
from claxon_export.data.labelled import LabelledTexts
from claxon_export.evaluation.conditions import conditions_of, source_of
from claxon_export.evaluation.head_choice import Candidate, Chosen, chosen_heads
from claxon_export.evaluation.head_evaluation import (
    JudgedBaseline,
    JudgedTexts,
    head_evaluation,
    judged_baselines,
)
from claxon_export.evaluation.notable import slowest_texts
from claxon_export.evaluation.notes import head_notes, source_notes
from claxon_export.evaluation.options import RESAMPLES, EvaluateOptions
from claxon_export.evaluation.results import Evaluation, HeadEvaluation, MapSample
from claxon_export.evaluation.targets import mapped_labels
from claxon_export.evaluation.token_counts import TokenCounts, count_tokens
from claxon_export.metrics.learning_curve import learning_curve
from claxon_export.metrics.results import Comparison, LearningCurve, spelled
from claxon_export.metrics.scores import Answers
from claxon_export.metrics.significance import compared

Array = np.ndarray[Any, Any]


@names_nearest
def evaluate(
    bundle: str | os.PathLike[str],
    texts: Iterable[str],
    labels: Iterable[LabelValue],
    *,
    heads: Sequence[str] | None = None,
    label_map: Mapping[str, str] | None = None,
    leave_out_unknown: bool = False,
    threshold: float | None = None,
    margin: float | None = None,
    ordered: bool = False,
    learning_curve: bool = False,
    resamples: int = RESAMPLES,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    max_tokens: int | None = None,
    cache: bool = True,
    show_progress_bar: bool = False,
) -> Evaluation:
    """Evaluate a bundle's heads on labeled texts.

    Args:
        bundle: The bundle's folder.
        texts: As for ``Encoder.encode``.
        labels: The truth, one per text: strings, integers or booleans.
        heads: Which to evaluate; ``None`` for all that know the labels.
        label_map: What labels of the data are called by the heads, by how they are written: ``{"1": "positive"}``.
        leave_out_unknown: Leave out texts whose label an evaluated head does not know, which is an error otherwise.
        threshold: Texts whose best score is below it get no label, and count as labeled wrong.
        margin: So do texts whose best score is above the second best by less.
        ordered: Labels are steps of a scale, in the head's order: ``within_one`` counts the next step as right.
        learning_curve: Also fit heads on more and more of these texts, to see what labels would bring.
        resamples: Bootstrap resamples for the 95 % intervals.
        seed: Of the resamples, the stratified baseline, the sample of the map, and the learning curve.
        device: As for ``Encoder.load``.
        precision: As for ``Encoder.load``.
        threads: As for ``Encoder.load``.
        max_tokens: As for ``Encoder.load``.
        cache: Look up and keep the texts' features in the cache folder.
        show_progress_bar: Show progress on standard error: a bar while texts are encoded, then each step.

    Raises:
        LabelError: not one label per text, a label that is empty or of another type.
        EvaluationError: a head does not know a label; the message lists both sides and says how to map them.
        OptionError: there is no such head, or an option has an invalid value.
        InputError, BundleError, DeviceError, EngineError, MissingDependencyError: as ``Encoder.load`` and ``encode``.
    """
    how = EvaluateOptions(
        heads,
        label_map or {},
        leave_out_unknown,
        threshold,
        margin,
        ordered,
        learning_curve,
        resamples=resamples,
        seed=seed,
    )
    engine = LoadOptions(device=device, precision=precision, threads=threads, max_tokens=max_tokens)
    labelled = LabelledTexts.of(texts, labels)
    return evaluate_labelled(bundle, labelled, how, engine, cache=cache, show_progress_bar=show_progress_bar)


def evaluate_labelled(
    bundle: str | os.PathLike[str],
    labelled: LabelledTexts,
    how: EvaluateOptions,
    engine: LoadOptions,
    *,
    cache: bool = True,
    show_progress_bar: bool = False,
) -> Evaluation:
    """As ``evaluate``, for labeled texts that know their places in a source."""
    opened = Bundle.open(bundle)
    labels = mapped_labels(labelled.labels, how.label_map)
    chosen = chosen_heads(opened.manifest.heads, labels, names=how.heads, leave_out_unknown=how.leave_out_unknown)
    rows = np.flatnonzero(chosen.is_kept).tolist()
    judged = JudgedTexts(
        texts=[labelled.texts[row] for row in rows],
        labels=[labels[row] for row in rows],
        lines=[labelled.lines[row] for row in rows],
    )
    with Encoder.from_bundle(opened, **engine) as encoder:
        features = cached_features(
            encoder,
            judged.texts,
            features=list(dict.fromkeys(candidate.spec.feature for candidate in chosen.candidates)),
            cache=cache,
            precision=engine.get("precision", AUTO),
            show_progress_bar=show_progress_bar,
        )
        with steps(is_shown=show_progress_bar) as begin:
            begin("evaluating the heads")
            tokens = count_tokens(encoder, judged.texts)
            return _Run(how, chosen, judged, features, tokens, encoder, begin).evaluation(labelled)


@dataclass(frozen=True, slots=True)
class _Run:
    """Everything that the parts of an evaluation are made of."""

    how: EvaluateOptions
    chosen: Chosen
    judged: JudgedTexts
    features: Mapping[Feature, Array]
    tokens: TokenCounts
    encoder: Encoder
    begin: Callable[[str], None]

    def evaluation(self, labelled: LabelledTexts) -> Evaluation:
        heads = {
            candidate.spec.name: GraphHead(self.encoder.bundle, candidate.spec) for candidate in self.chosen.candidates
        }
        answers = {
            candidate.spec.name: self._answers(candidate, heads[candidate.spec.name])
            for candidate in self.chosen.candidates
        }
        baselines = self._baselines()
        right = {name: answer.is_right for name, answer in answers.items()}
        return Evaluation(
            conditions=conditions_of(self.encoder, self.how.abstention, self.how.resampling),
            source=source_of(labelled, self.judged.labels),
            heads=tuple(self._head(candidate, answers[candidate.spec.name]) for candidate in self.chosen.candidates),
            baselines=tuple(baseline.evaluation for baseline in baselines),
            comparisons=tuple(self._comparisons(right, baselines[0])),
            slowest=self._slowest(heads),
            truncated=int(self.tokens.truncated.sum()),
            notes=tuple(self._notes(labelled.sha256)),
            learning_curves=tuple(self._learning_curves()) if self.how.learning_curve else (),
            sample=self._sample(right),
        )

    def _answers(self, candidate: Candidate, head: GraphHead) -> Answers:
        scores = head(self.features[head.feature])
        if head.temperature is not None:
            scores = softmax(scores, head.temperature)
        return Answers.from_scores(
            candidate.targets.columns[self.chosen.is_kept], scores, self.how.threshold, self.how.margin
        )

    def _head(self, candidate: Candidate, answers: Answers) -> HeadEvaluation:
        return head_evaluation(
            candidate.spec,
            answers,
            self.judged,
            self._absent(candidate),
            self.how.resampling,
            is_ordered=self.how.ordered,
            may_abstain=self.how.abstention.is_possible,
            most_wrong=self.how.wrong_texts,
        )

    def _baselines(self) -> list[JudgedBaseline]:
        """On the labels in the order of the first head's columns, which is that of the steps of a scale."""
        first = self.chosen.candidates[0]
        truth = first.targets.columns[self.chosen.is_kept]
        return judged_baselines(truth, len(first.spec.labels), self.how.resampling, is_ordered=self.how.ordered)

    def _comparisons(self, right: Mapping[str, Array], commonest: JudgedBaseline) -> Iterable[Comparison]:
        options = {"resamples": self.how.resamples, "seed": self.how.seed}
        for first, second in combinations(right, 2):
            yield compared(first, second, (right[first], right[second]), **options)
        for name, is_right in right.items():
            yield compared(name, commonest.evaluation.name, (is_right, commonest.is_right), **options)

    def _slowest(self, heads: Mapping[str, GraphHead]) -> Any:
        features = list(self.features)

        def run(text: str) -> None:
            result = self.encoder.features([text], features, on_truncation="ignore")
            for head in heads.values():
                head(result.values[head.feature])

        return slowest_texts(self.judged.texts, self.judged.lines, self.tokens.n_tokens, run, self.how.slow_texts)

    def _absent(self, candidate: Candidate) -> tuple[LabelValue, ...]:
        columns = set(candidate.targets.columns[self.chosen.is_kept].tolist())
        return tuple(label for column, label in enumerate(candidate.spec.labels) if column not in columns)

    def _notes(self, source_sha256: str) -> Iterable[str]:
        yield from self.chosen.notes
        yield from source_notes(len(self.judged.texts))
        for candidate in self.chosen.candidates:
            yield from head_notes(candidate.spec, self._absent(candidate), source_sha256)

    def _learning_curves(self) -> Iterable[LearningCurve]:
        self.begin("fitting the learning curves")
        for feature, vectors in self.features.items():
            curve = learning_curve(vectors, self.judged.labels, feature, self.how.seed)
            if curve is not None:
                yield curve

    def _sample(self, right: Mapping[str, Array]) -> MapSample:
        """A seeded draw of texts for the map, in the texts' order."""
        total = len(self.judged.texts)
        draws = np.random.default_rng(self.how.seed)
        rows = np.sort(draws.permutation(total)[: self.how.map_texts])
        return MapSample(
            truths=tuple(spelled(self.judged.labels[row]) for row in rows.tolist()),
            vectors={feature: vectors[rows] for feature, vectors in self.features.items()},
            is_wrong={name: ~is_right[rows] for name, is_right in right.items()},
            total=total,
            seed=self.how.seed,
        )
