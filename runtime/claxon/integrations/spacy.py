"""A head of a bundle as a component of spaCy's pipelines, which fills ``doc.cats``.

>>> nlp.add_pipe("claxon", config={"bundle": "out/minilm", "head": "sentiment"})
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from claxon.bundle.bundle import Bundle
from claxon.integrations.shared import shared_classifier
from claxon.support.needed import needed

with needed("spacy", "claxon.integrations.spacy"):
    from spacy.language import Language


class TextCategorizer:
    """Scores of every label in ``doc.cats``, as ``textcat`` leaves them."""

    def __init__(self, bundle: str, head: str | None, device: str, precision: str) -> None:
        """Load the bundle.

        Raises:
            BundleError, OptionError, DeviceError, EngineError, MissingDependencyError: as ``claxon.load``.
        """
        self._classifier = shared_classifier(Bundle.open(bundle), head, {"device": device, "precision": precision})
        self.labels = tuple(str(label) for label in self._classifier.labels)

    def __call__(self, doc: Any) -> Any:
        """The document with its scores."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Any], batch_size: int = 128) -> Iterator[Any]:
        """The documents with their scores, so many at a time."""
        documents = iter(stream)
        while batch := list(islice(documents, batch_size)):
            scores = self._classifier.decision_function([doc.text for doc in batch])
            for doc, row in zip(batch, scores.tolist(), strict=True):
                doc.cats = dict(zip(self.labels, row, strict=True))
            yield from batch


@Language.factory(  # type: ignore[untyped-decorator]  # mypy does not look into it
    "claxon", assigns=["doc.cats"], default_config={"head": None, "device": "auto", "precision": "auto"}
)
def text_categorizer(  # spaCy calls it with these
    nlp: Language,  # noqa: ARG001
    name: str,  # noqa: ARG001
    bundle: str,
    head: str | None,
    device: str,
    precision: str,
) -> TextCategorizer:
    """The component that ``nlp.add_pipe("claxon", config={"bundle": …})`` adds."""
    return TextCategorizer(bundle, head, device, precision)
