"""A pipeline that begins with a ``claxon.sklearn.TextEncoder`` -> what comes after it, if it reads this bundle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import Feature
from claxon.encoder.features import chosen_feature
from claxon.errors import OptionError
from claxon.integrations.shared import encoder_digest
from claxon_export.errors import HeadError
from claxon_export.requirements import required


@dataclass(frozen=True, slots=True)
class AfterTexts:
    """An estimator on features, and the feature that it was fitted on; ``None`` where nothing says which."""

    estimator: Any
    feature: Feature | None


def after_texts(estimator: Any, bundle: Bundle, feature: str | None) -> AfterTexts:
    """The steps of a fitted pipeline after its ``TextEncoder``; any other estimator as it is.

    Args:
        estimator: Perhaps a Pipeline, or a search that found one.
        bundle: That the head is for.
        feature: What the caller says that the estimator was fitted on.

    Raises:
        HeadError: the encoder is of another bundle, or runs with a prompt or a limit that a head's texts do not get.
        OptionError: the caller names another feature.
    """
    pipeline = getattr(estimator, "best_estimator_", estimator)
    steps = getattr(pipeline, "steps", None)
    if not steps or not _is_text_encoder(steps[0][1]):
        return AfterTexts(estimator, None)
    name, encoder = steps[0]
    _check_encoder(name, encoder, bundle)
    own = chosen_feature(bundle.manifest.encoder, encoder.feature)
    if feature not in (None, own):
        raise OptionError(f"feature is {feature!r}, but {name} gives {own.value!r}; leave it out")
    if len(steps) == 1:
        raise HeadError(f"after {name} nothing is in the pipeline; expected a classifier")
    return AfterTexts(required("sklearn.pipeline").Pipeline(steps[1:]), own)


def _is_text_encoder(step: Any) -> bool:
    return type(step).__name__ == "TextEncoder" and type(step).__module__.startswith("claxon.")


def _check_encoder(name: str, encoder: Any, bundle: Bundle) -> None:
    if getattr(encoder, "bundle_digest_", None) is None:
        raise HeadError(f"{name} is not fitted; call fit on the pipeline before making a head of it")
    if encoder.bundle_digest_ != encoder_digest(bundle):
        raise HeadError(f"{name} is of the encoder in {encoder.bundle}, which is not the one in {bundle.path}")
    if encoder.prompt_name is not None:
        raise HeadError(f"{name} has prompt_name={encoder.prompt_name!r}; a head's texts get the bundle's own prompt")
    if encoder.max_tokens not in (None, bundle.manifest.encoder.max_tokens):
        limit = bundle.manifest.encoder.max_tokens
        raise HeadError(f"{name} has max_tokens={encoder.max_tokens}; a head's texts are cut at the bundle's {limit}")
