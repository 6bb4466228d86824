"""An estimator as people bring it -> scikit-learn's own steps that do the work.

A search is its best estimator; pipelines within pipelines are one; resampling steps work in training alone. Packages
that speed scikit-learn up or add to it derive from its classes: what they fitted is read as scikit-learn's class. That
nothing was lost is seen later, where the graph is held against the estimator itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from claxon_export.errors import HeadError
from claxon_export.requirements import required

# Their classes compute what the scikit-learn classes that they derive from do.
ALIKE = ("imblearn", "sklearnex", "daal4py", "onedal")
SEARCHES = ("GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")
SUPPORTED = (
    "supported: LogisticRegression, LogisticRegressionCV, SGDClassifier(loss='log_loss'), LinearSVC, "
    "CalibratedClassifierCV, OneVsRestClassifier, MultiOutputClassifier, Ridge and whatever else skl2onnx converts to "
    "operators that heads may hold, alone, in a search, or last in a Pipeline after StandardScaler, Normalizer, PCA, "
    "TruncatedSVD and the like"
)
OUTSIDE = (
    "train one of these (`claxon fit` does), or use the estimator outside of the bundle on Encoder.encode's vectors"
)


@dataclass(frozen=True, slots=True)
class Step:
    """A fitted step and what its pipeline calls it."""

    name: str
    estimator: Any

    def __str__(self) -> str:
        """Name, class and module."""
        kind = type(self.estimator)
        return f"{self.name} is a {kind.__name__} ({kind.__module__})"


def steps_of(estimator: Any, name: str = "the estimator") -> list[Step]:
    """The steps that work when it predicts, in order; one or more.

    Raises:
        HeadError: a step is no estimator of scikit-learn or of what derives from it, or is not fitted; by name.
        MissingDependencyError: scikit-learn is not installed.
    """
    return [Step(step.name, plain(step)) for step in _leaves(Step(name, estimator))]


def refusal(step: Step, reason: str) -> HeadError:
    """The error for a step that cannot be in a head: name, module, reason and cure."""
    return HeadError(f"{step}, {reason}; {SUPPORTED}; {OUTSIDE}")


def plain(step: Step) -> Any:
    """The estimator as an instance of scikit-learn's class.

    Raises:
        HeadError: it derives from none that is known to compute the same, or is not fitted.
    """
    kind = type(step.estimator)
    origin = kind.__module__.partition(".")[0]
    base = required("sklearn.base").BaseEstimator
    if origin not in ("sklearn", *ALIKE) or not issubclass(kind, base):
        raise refusal(step, "which is no estimator of scikit-learn, and cannot be here in a head")
    _check_fitted(step)
    if origin == "sklearn":
        return step.estimator
    own = next((one for one in kind.__mro__ if one.__module__.startswith("sklearn.") and issubclass(one, base)), base)
    if own is base:
        raise refusal(step, "which derives from no estimator of scikit-learn, and cannot be here in a head")
    same: Any = object.__new__(own)
    same.__dict__.update(vars(step.estimator))
    same.__dict__.update(_fitted_properties(step.estimator, own))
    return same


def _leaves(step: Step) -> Iterator[Step]:
    estimator, kind = step.estimator, type(step.estimator)
    origin = kind.__module__.partition(".")[0]
    if origin not in ("sklearn", *ALIKE):
        yield step
    elif kind.__name__ in SEARCHES:
        if not hasattr(estimator, "best_estimator_"):
            _check_fitted(step)
            raise HeadError(
                f"{step}, which was fitted with refit=False and has no best estimator; fit it with refit=True"
            )
        yield from _leaves(Step(f"{step.name}'s best estimator", estimator.best_estimator_))
    elif kind.__name__ == "Pipeline" and any(map(_works, dict(estimator.steps).values())):
        for name, inner in estimator.steps:
            if _works(inner):
                yield from _leaves(Step(name, inner))
    else:
        yield step


def _works(step: Any) -> bool:
    """Whether a step has a part in predicting; samplers have none."""
    is_sampler = hasattr(step, "fit_resample") and not hasattr(step, "transform")
    return step is not None and not (isinstance(step, str) and step == "passthrough") and not is_sampler


def _check_fitted(step: Step) -> None:
    try:
        required("sklearn.utils.validation").check_is_fitted(step.estimator)
    except required("sklearn.exceptions").NotFittedError:
        raise HeadError(
            f"{step.name} ({type(step.estimator).__name__}) is not fitted; call fit before making a head of it"
        ) from None
    except TypeError:
        raise refusal(step, "which cannot be fitted") from None


def _fitted_properties(estimator: Any, own: type) -> dict[str, Any]:
    """What the class computes where scikit-learn's has a plain attribute: coefficients that lie on a device, say."""
    names = (name for name in dir(type(estimator)) if name.endswith("_") and not name.endswith("__"))
    return {
        name: getattr(estimator, name)
        for name in names
        if isinstance(getattr(type(estimator), name), property) and not hasattr(own, name) and hasattr(estimator, name)
    }
