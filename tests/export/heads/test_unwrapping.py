"""What of an estimator works when it predicts; what is no estimator is named, with its module and the cure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claxon_export.errors import HeadError
from claxon_export.heads.unwrapping import Step, plain, steps_of

linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
pipeline = pytest.importorskip("sklearn.pipeline", reason="scikit-learn is not installed")
preprocessing = pytest.importorskip("sklearn.preprocessing", reason="scikit-learn is not installed")
model_selection = pytest.importorskip("sklearn.model_selection", reason="scikit-learn is not installed")

ROWS = np.random.default_rng(0).normal(size=(40, 4))
TARGETS = ROWS[:, :2].argmax(axis=1)


class Sampler:
    """Works in training alone."""

    def fit_resample(self, rows: Any, targets: Any) -> Any:
        return rows, targets


def test_steps_that_do_nothing_are_left_out_at_any_depth() -> None:
    inner = pipeline.Pipeline([("none", "passthrough"), ("scale", preprocessing.StandardScaler())])
    search = model_selection.GridSearchCV(linear_model.LogisticRegression(), {"C": [1]}, cv=2)
    whole = pipeline.Pipeline([("first", inner), ("search", search)]).fit(ROWS, TARGETS)
    whole.steps.insert(1, ("sampler", Sampler()))
    steps = steps_of(whole)
    assert [step.name for step in steps] == ["scale", "search's best estimator"]
    assert steps[1].estimator is search.best_estimator_


def test_a_class_of_another_package_is_read_as_scikit_learns() -> None:
    kind: Any = type("LogisticRegression", (linear_model.LogisticRegression,), {"__module__": "sklearnex.linear"})
    given = kind().fit(ROWS, TARGETS)
    found = plain(Step("it", given))
    assert type(found) is linear_model.LogisticRegression
    np.testing.assert_array_equal(found.coef_, given.coef_)


def test_what_lies_on_a_device_is_fetched() -> None:
    members = {"__module__": "sklearnex.linear", "coef_": property(lambda self: self._coef)}
    kind: Any = type("LogisticRegression", (linear_model.LogisticRegression,), members)
    given = kind()
    given._coef, given.classes_ = np.ones((1, 4)), np.array([0, 1])
    np.testing.assert_array_equal(plain(Step("it", given)).coef_, np.ones((1, 4)))


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        ("a.joblib", r"the estimator is a str \(builtins\), which is no estimator of scikit-learn"),
        (type("Mine", (linear_model.LogisticRegression,), {})(), r"is a Mine \(tests\..*use the estimator outside"),
        (linear_model.LogisticRegression(), r"\(LogisticRegression\) is not fitted; call fit"),
        (linear_model.LogisticRegression, "the estimator is a type"),
    ],
)
def test_what_is_no_fitted_estimator_is_named(estimator: Any, message: str) -> None:
    with pytest.raises(HeadError, match=message):
        steps_of(estimator)
