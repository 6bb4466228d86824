"""One file an architecture, each the same shape: its sizes from config.json, its tensors by layer, its graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from claxon_export.errors import UnsupportedArchitectureError
from claxon_export.graphs.architectures import albert, bert, deberta, distilbert, electra, modernbert, mpnet, roberta
from claxon_export.graphs.architectures.blocks import EncoderShape, TokenStates
from claxon_export.graphs.writer import Array, GraphWriter


class Architecture(Protocol):
    """What a module of this package offers."""

    def sizes(self, config: Mapping[str, Any]) -> EncoderShape:
        """The sizes that config.json tells."""

    def write(self, writer: GraphWriter, config: Mapping[str, Any], tensors: Mapping[str, Array]) -> TokenStates:
        """Write the encoder's graph, from token ids to token states."""


ARCHITECTURES: Mapping[str, Architecture] = {
    "albert": albert,
    "bert": bert,
    "camembert": roberta,
    "deberta-v2": deberta,
    "distilbert": distilbert,
    "electra": electra,
    "modernbert": modernbert,
    "mpnet": mpnet,
    "roberta": roberta,
    "xlm-roberta": roberta,
}


def architecture(name: str) -> Architecture:
    """The writer for config.json's ``model_type``.

    Raises:
        UnsupportedArchitectureError: there is none; the message lists those there are.
    """
    if name not in ARCHITECTURES:
        raise UnsupportedArchitectureError(
            f"no graph writer for the architecture {name!r}; there are writers for {', '.join(ARCHITECTURES)}. "
            "Others go through optimum: pip install 'claxon[optimum]', then --exporter optimum"
        )
    return ARCHITECTURES[name]
