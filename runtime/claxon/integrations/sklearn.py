"""A bundle in scikit-learn: texts to features for its pipelines, and heads as its classifiers.

>>> make_pipeline(claxon.sklearn.TextEncoder("out/minilm"), LogisticRegression()).fit(texts, labels)
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Self

import numpy as np

from claxon.bundle.bundle import Bundle
from claxon.classifier import Classifier
from claxon.encoder.features import FloatMatrix, chosen_feature
from claxon.encoder.loading import LoadOptions
from claxon.encoder.prompts import chosen_prompt
from claxon.errors import InputError
from claxon.integrations.shared import SHARED, check_digest, chosen_heads, encoder_digest, shared_classifier
from claxon.support.needed import needed
from claxon.text.inputs import check_texts

with needed("scikit-learn", "claxon.sklearn"):
    from sklearn.base import BaseEstimator, ClassifierMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin


class _OnBundle(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """What both estimators do with a bundle: open it, remember which it was, and share its encoder."""

    bundle: str | os.PathLike[str]
    device: str
    precision: str
    threads: int | None
    max_tokens: int | None

    def _opened(self) -> Bundle:
        bundle = Bundle.open(self.bundle)
        if hasattr(self, "bundle_digest_"):
            check_digest(bundle, self.bundle_digest_, self._head_name())
        return bundle

    def _options(self) -> LoadOptions:
        return {
            "device": self.device,
            "precision": self.precision,
            "threads": self.threads,
            "max_tokens": self.max_tokens,
        }

    def _head_name(self) -> str | None:
        return None

    def __getstate__(self) -> dict[str, Any]:
        """The parameters, and which bundle it is: joblib's memory tells two bundles of one path apart by that."""
        state: dict[str, Any] = dict(super().__getstate__())
        if "bundle_digest_" not in state:
            state["_digest_when_pickled"] = encoder_digest(self._opened(), self._head_name())
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({name: value for name, value in state.items() if name != "_digest_when_pickled"})

    def __sklearn_is_fitted__(self) -> bool:
        """Nothing is learnt, so it is ready from the start."""
        return True

    def __sklearn_tags__(self) -> Any:
        """Texts in one dimension; nothing to fit."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        return tags


class TextEncoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, _OnBundle):  # type: ignore[misc]  # likewise
    """Texts to the features of a bundle's encoder, one row a text.

    Nothing is learnt by ``fit``; it looks whether the bundle is there and has what is asked for. The encoder is loaded
    at the first ``transform``, and shared by all estimators of a process that ask for the same one.

    Attributes:
        bundle_digest_: Which encoder it was fitted with; after ``fit`` it takes no other.
    """

    def __init__(
        self,
        bundle: str | os.PathLike[str],
        *,
        feature: str | None = None,
        precision: str = "auto",
        device: str = "auto",
        threads: int | None = None,
        max_tokens: int | None = None,
        prompt_name: str | None = None,
    ) -> None:
        """Keep the parameters.

        Args:
            bundle: Its folder.
            feature: ``embedding``, ``mean`` or ``cls``; ``None`` takes what the source calls its sentence embedding.
            precision: As for ``Encoder.load``, and so are the following.
            device: ``auto``, ``cpu``, ``cuda`` or ``openvino``.
            threads: Threads inside an operator; 1 where ``n_jobs`` fills the cores already.
            max_tokens: Cut texts at fewer tokens than the bundle's limit.
            prompt_name: As for ``Encoder.encode``.
        """
        self.bundle = bundle
        self.feature = feature
        self.precision = precision
        self.device = device
        self.threads = threads
        self.max_tokens = max_tokens
        self.prompt_name = prompt_name

    def __sklearn_tags__(self) -> Any:
        """What comes out is float32, whatever goes in."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803, ARG002  # scikit-learn's names
        """Look whether the bundle, the feature and the prompt are there; ``X`` and ``y`` do not matter.

        Raises:
            BundleError: the folder is not a whole bundle.
            OptionError: the bundle has no such feature or prompt.
        """
        bundle = Bundle.open(self.bundle)
        chosen_feature(bundle.manifest.encoder, self.feature)
        chosen_prompt(bundle.manifest.encoder, self.prompt_name, None)
        self.bundle_digest_ = encoder_digest(bundle)
        return self

    def transform(self, X: Iterable[str]) -> FloatMatrix:  # noqa: N803
        """The features. ``X`` are texts as for ``Encoder.encode``, or a table of one column.

        Returns:
            float32, shape ``(texts, width)``.

        Raises:
            InputError, OptionError, EngineError: as ``Encoder.encode``.
            IntegrityError: another encoder is in the bundle by now.
        """
        encoder = SHARED.get(self._opened(), self._options())
        return encoder.encode(one_column(X), feature=self.feature, prompt_name=self.prompt_name)

    @property
    def _n_features_out(self) -> int:
        spec = self._opened().manifest.encoder
        return spec.features[chosen_feature(spec, self.feature)]


class TextClassifier(ClassifierMixin, _OnBundle):  # type: ignore[misc]  # likewise
    """A head of a bundle as a classifier that is fitted already.

    Attributes:
        classes_: The labels, sorted, as scikit-learn has them.
        bundle_digest_: Which encoder and head it was fitted with; after ``fit`` it takes no others.
    """

    def __init__(
        self,
        bundle: str | os.PathLike[str],
        head: str | None = None,
        *,
        precision: str = "auto",
        device: str = "auto",
        threads: int | None = None,
        max_tokens: int | None = None,
    ) -> None:
        """Keep the parameters.

        Args:
            bundle: Its folder.
            head: Which head answers; may be left out where the bundle has one.
            precision: As for ``Encoder.load``, and so are the following.
            device: ``auto``, ``cpu``, ``cuda`` or ``openvino``.
            threads: Threads inside an operator; 1 where ``n_jobs`` fills the cores already.
            max_tokens: Cut texts at fewer tokens than the bundle's limit.
        """
        self.bundle = bundle
        self.head = head
        self.precision = precision
        self.device = device
        self.threads = threads
        self.max_tokens = max_tokens

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803, ARG002  # scikit-learn's names
        """Look whether the bundle and the head are there, and know the labels; nothing is learnt.

        Raises:
            BundleError: the folder is not a whole bundle.
            OptionError: the bundle has no such head.
            InputError: ``y`` has labels that the head does not know.
        """
        bundle = Bundle.open(self.bundle)
        name = self._head_name(bundle)
        if y is not None:
            unknown = sorted(set(np.asarray(y).tolist()) - set(self.classes_.tolist()), key=str)
            if unknown:
                raise InputError(
                    f"y has {unknown[0]!r:.80}, the labels of {name} are {', '.join(map(str, self.classes_))}"
                )
        self.bundle_digest_ = encoder_digest(bundle, name)
        return self

    @property
    def classes_(self) -> Any:
        """The labels, sorted. Shape: ``(labels,)``."""
        return np.array(sorted(chosen_heads(self._opened(), self.head)[0].labels))

    def predict(self, X: Iterable[str]) -> Any:  # noqa: N803
        """The label of each text. Shape: ``(texts,)``.

        Raises:
            InputError, OptionError, EngineError: as ``Classifier.predict``.
            IntegrityError: another encoder or head is in the bundle by now.
        """
        return self._classifier().predict(one_column(X))

    def predict_proba(self, X: Iterable[str]) -> FloatMatrix:  # noqa: N803
        """Probabilities, columns as ``classes_``. Shape: ``(texts, labels)``, float32.

        Raises:
            OptionError: the head gives cosines and has no temperature.
            As ``predict``.
        """
        classifier = self._classifier()
        order = np.argsort(np.array(classifier.labels))
        return classifier.predict_proba(one_column(X))[:, order]

    def _classifier(self) -> Classifier:
        return shared_classifier(self._opened(), self.head, self._options())

    def _head_name(self, bundle: Bundle | None = None) -> str:
        return str(chosen_heads(Bundle.open(self.bundle) if bundle is None else bundle, self.head)[0].name)


def unload() -> None:
    """Give back the memory of the encoders that are shared; what needs one loads it again."""
    SHARED.clear()


def one_column(texts: Any) -> list[str]:
    """The texts of a column, or of a table that has no other.

    Raises:
        InputError: a table of several columns; or as ``Encoder.encode``.
    """
    shape: Any = getattr(texts, "shape", ())
    if len(shape) != 2:
        return check_texts(texts)
    if shape[1] != 1:
        raise InputError(f"found a table of {shape[1]} columns, expected one column of texts; choose it by its name")
    return check_texts(texts.iloc[:, 0] if hasattr(texts, "iloc") else np.asarray(texts)[:, 0])
