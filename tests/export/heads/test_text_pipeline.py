"""A pipeline that was fitted on texts becomes a head."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import claxon
import claxon_export
from claxon.errors import OptionError
from claxon.sklearn import TextEncoder
from claxon_export.errors import HeadError
from tests.bundles import reseal
from tests.texts import REVIEWS, TEXTS

pytestmark = pytest.mark.filterwarnings("ignore::claxon.TruncationWarning")
TOLERANCE = 1e-5


def fitted(bundle: Path, **options: Any) -> Any:
    pipeline = make_pipeline(TextEncoder(bundle, threads=1, **options), StandardScaler(), LogisticRegression())
    return pipeline.fit(list(REVIEWS), list(REVIEWS.values()))


@pytest.mark.parametrize("feature", [None, "mean", "cls"])
def test_the_head_gives_the_pipelines_probabilities(feature: str | None, copied_bundle: Path) -> None:
    pipeline = fitted(copied_bundle, feature=feature)
    claxon_export.add_head(copied_bundle, "mine", estimator=pipeline)
    found = claxon.load(copied_bundle, head="mine", threads=1)
    np.testing.assert_allclose(found.predict_proba(TEXTS), pipeline.predict_proba(TEXTS), atol=TOLERANCE)
    assert list(found.labels) == list(pipeline.classes_)
    assert found.heads["mine"].feature == (feature or "embedding")


def test_a_search_gives_its_best_pipeline(copied_bundle: Path) -> None:
    pipeline = make_pipeline(TextEncoder(copied_bundle, threads=1), LogisticRegression())
    search = GridSearchCV(pipeline, {"textencoder__feature": ["mean", "cls"]}, cv=2)
    search.fit(list(REVIEWS), list(REVIEWS.values()))
    claxon_export.add_head(copied_bundle, "mine", estimator=search)
    found = claxon.load(copied_bundle, head="mine", threads=1)
    np.testing.assert_allclose(found.predict_proba(TEXTS), search.predict_proba(TEXTS), atol=TOLERANCE)


def test_what_its_texts_would_not_get_is_refused(copied_bundle: Path, bundle_of_two_precisions: Path) -> None:
    prompts = {"q": "not "}
    reseal(copied_bundle, lambda manifest: replace(manifest, encoder=replace(manifest.encoder, prompts=prompts)))
    cases = {
        "prompt_name='q'": fitted(copied_bundle, prompt_name="q"),
        "max_tokens=8": fitted(copied_bundle, max_tokens=8),
        "is not the one in": fitted(bundle_of_two_precisions),
        "nothing is in the pipeline": make_pipeline(TextEncoder(copied_bundle)).fit(TEXTS),
        "not fitted": make_pipeline(TextEncoder(copied_bundle), LogisticRegression()),
    }
    for words, estimator in cases.items():
        with pytest.raises(HeadError, match=words):
            claxon_export.add_head(copied_bundle, "mine", estimator=estimator)
    with pytest.raises(OptionError, match="gives 'embedding'; leave it out"):
        claxon_export.add_head(copied_bundle, "mine", estimator=fitted(copied_bundle), feature="cls")
