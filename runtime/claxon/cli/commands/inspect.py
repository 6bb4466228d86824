"""``claxon inspect``: shows what is in a bundle."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import groupby

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import EncoderSpec, GraphVariant, HeadKind, HeadSpec, LabelValue, Provenance, ScoreKind
from claxon.bundle.onnx_reader import read_graph
from claxon.cli.arguments import add_bundle
from claxon.cli.rendering import byte_count, facts, pairs_in_words, parity_rows, parity_source, section, table
from claxon.diagnostics.inspection import Inspection, Part, inspect_bundle

SHORT_HASH = 12
LONGEST_DETAIL = 40

SCORES_IN_WORDS = {
    ScoreKind.PROBABILITY: "probabilities",
    ScoreKind.COSINE: "cosines, no probabilities",
    ScoreKind.DECISION: "values of a decision function, no probabilities",
    ScoreKind.MULTI_LABEL: "a probability for each label by itself",
    ScoreKind.REGRESSION: "a number",
}


class Inspect:
    """Shows what is in a bundle."""

    name = "inspect"
    help = (
        "Show what is in a bundle: the encoder with its parameters by part, features, limits, heads with their labels, "
        "parity with its source, and provenance."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon inspect BUNDLE [options]"
        add_bundle(parser)
        parser.add_argument("--graph", action="store_true", help="also list the operators of each encoder graph")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def run(self, options: argparse.Namespace) -> int:
        """Run the command."""
        bundle = Bundle.open(options.bundle)
        inspection = inspect_bundle(bundle)
        graphs = _graphs(bundle) if options.graph else {}
        if options.json:
            content = inspection.to_json() | ({"graphs": graphs} if options.graph else {})
            print(json.dumps(content, indent=2, ensure_ascii=False))
        else:
            print("\n".join([*summary(inspection), *_graph_lines(graphs)]).rstrip())
        return 0


INSPECT = Inspect()


def summary(inspection: Inspection) -> list[str]:
    """Format the inspection as lines."""
    manifest = inspection.manifest
    head_lines = [line for head in manifest.heads for line in _head_lines(head)]
    return [
        *section(inspection.path, facts(_bundle_facts(inspection))),
        *section("encoder", facts(_encoder_facts(manifest.encoder))),
        *section("parts", table(_part_rows(inspection.parts))),
        *section("precisions", [line for v in manifest.encoder.variants for line in _variant_lines(v, inspection)]),
        *section("heads", head_lines or ["  none; add one with `claxon fit` or `claxon add-head`"]),
        *section("provenance", facts(_provenance_facts(manifest.provenance))),
    ]


def _bundle_facts(inspection: Inspection) -> dict[str, str]:
    files = inspection.manifest.files
    return {
        "digest": inspection.digest,
        "files": f"{len(files)}, {byte_count(inspection.size_bytes)}, schema {inspection.manifest.schema}",
        "runs here": inspection.runs,
        **({"because": _reason(inspection)} if inspection.reason else {}),
    }


def _reason(inspection: Inspection) -> str:
    if inspection.tuned_at is None:
        return f"{inspection.reason}; `claxon tune` measures"
    return f"{inspection.reason}, {inspection.tuned_at}"


def _encoder_facts(encoder: EncoderSpec) -> dict[str, str]:
    return {
        "architecture": f"{encoder.architecture}: {encoder.layers} layers, width {encoder.width}, "
        f"{encoder.attention_heads} attention heads",
        "parameters": f"{encoder.parameters:,}",
        "vocabulary": f"{encoder.vocab_size:,}",
        "inputs": ", ".join(encoder.inputs),
        "features": _features(encoder),
        "max tokens": str(encoder.max_tokens),
        "prompt": repr(encoder.prompt) if encoder.prompt else "none",
    }


def _features(encoder: EncoderSpec) -> str:
    notes = {}
    if encoder.pooling is not None:
        notes["embedding"] = f"unit-norm {encoder.pooling}"
    if encoder.default_feature is not None:
        notes[encoder.default_feature] = ", ".join(filter(None, [notes.get(encoder.default_feature), "default"]))
    return ", ".join(
        f"{name} {width}" + (f" ({notes[name]})" if name in notes else "") for name, width in encoder.features.items()
    )


def _part_rows(parts: Sequence[Part]) -> list[list[str]]:
    """Return one row per part and sub-part; consecutive equal parts are merged."""
    if not parts:
        return []
    rows = [["", "parameters", "bytes"]]
    for _, group in groupby(parts, lambda part: (part.name.split(".")[0], part.parameters, part.size_bytes)):
        alike = list(group)
        rows.append(_row(_name(alike), alike[0]))
        rows += [_row(f"  {part.name}", part) for part in alike[0].parts]
    total = [sum(part.parameters for part in parts), sum(part.size_bytes for part in parts)]
    return [*rows, ["all", f"{total[0]:,}", byte_count(total[1])]]


def _row(name: str, part: Part) -> list[str]:
    return [name, f"{part.parameters:,}", byte_count(part.size_bytes)]


def _name(alike: Sequence[Part]) -> str:
    first, last = alike[0].name, alike[-1].name
    return first if len(alike) == 1 else f"{first} to {last.rpartition('.')[2]}, each"


def _variant_lines(variant: GraphVariant, inspection: Inspection) -> list[str]:
    files = inspection.manifest.files
    names = [name for name in (variant.graph, variant.weights) if name is not None]
    about = {
        "files": ", ".join(f"{name} {byte_count(files[name].size_bytes)}" for name in names),
        "written for": ", ".join(variant.devices),
        "requires": ", ".join(variant.requires) or "no CPU feature",
        "parity": parity_source(variant.parity),
    }
    return [f"  {variant.precision}", *facts(about, "    "), *parity_rows(variant.parity)]


def _head_lines(head: HeadSpec) -> list[str]:
    about = {
        "kind": f"{head.kind} on {head.feature}",
        "labels": ", ".join(map(str, head.labels)),
        "scores": _score_kind(head),
        "details": pairs_in_words({name: _shortened(value) for name, value in head.details.items()}),
        "parity": parity_source(head.parity),
    }
    if not head.details:
        del about["details"]
    if head.kind is HeadKind.SIMILARITY:
        del about["parity"]  # its labels are embedded by the bundle itself: there is nothing to compare with
    return [f"  {head.name}", *facts(about, "    "), *parity_rows(head.parity)]


def _shortened(detail: LabelValue) -> str:
    """Shorten numbers to four digits, and long words to their beginning; --json has everything."""
    if isinstance(detail, float):
        return f"{detail:.4g}"
    words = str(detail)
    return words if len(words) <= LONGEST_DETAIL else f"{words[: LONGEST_DETAIL - 1]}…"


def _score_kind(head: HeadSpec) -> str:
    if head.temperature is not None:
        return f"softmax(cosine / {head.temperature:g})"
    if head.thresholds is None:
        return SCORES_IN_WORDS[head.scores]
    held = pairs_in_words({str(label): f"{least:g}" for label, least in zip(head.labels, head.thresholds, strict=True)})
    return f"{SCORES_IN_WORDS[head.scores]}; it holds from {held}"


def _provenance_facts(provenance: Provenance) -> dict[str, str]:
    revision = f", revision {provenance.revision}" if provenance.revision else ""
    return {
        "source": f"{provenance.source}{revision}",
        "license": provenance.license or "the source names none",
        "exporter": provenance.exporter,
        "tools": pairs_in_words(provenance.tools),
        "read": pairs_in_words({name: digest[:SHORT_HASH] for name, digest in provenance.files.items()}),
    }


def _graphs(bundle: Bundle) -> dict[str, dict[str, int]]:
    names = [variant.graph for variant in bundle.manifest.encoder.variants]
    return {name: dict(read_graph(bundle.read(name).tobytes()).operators.most_common()) for name in names}


def _graph_lines(graphs: dict[str, dict[str, int]]) -> list[str]:
    return [
        line
        for name, operators in graphs.items()
        for line in section(f"operators of {name}", table([operator, str(n)] for operator, n in operators.items()))
    ]
