"""``claxon heads``: lists the heads of a bundle, and what they were trained on."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping

from claxon.bundle.bundle import Bundle
from claxon.bundle.manifest import HeadSpec, LabelValue
from claxon.cli.arguments import add_bundle
from claxon.cli.rendering import facts, pairs_in_words, section
from claxon.storage.strict_json import encode

NAMED_LABELS = 20
SHORT_HASH = 12
TOLD = ("precision", "C", "class_weight", "calibration", "seed")


class Heads:
    """Lists the heads of a bundle."""

    name = "heads"
    help = "List a bundle's heads: features, labels, scores, and training data."

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon heads BUNDLE [--json]"
        add_bundle(parser)
        parser.add_argument(
            "--json", action="store_true", help="print all that the manifest records about them, as a JSON list"
        )

    def run(self, options: argparse.Namespace) -> int:
        """Run the command."""
        heads = Bundle.open(options.bundle).manifest.heads
        if options.json:
            print(json.dumps([encode(head) for head in heads], indent=2, ensure_ascii=False))
        elif not heads:
            print(f"{options.bundle}  no heads; add one with `claxon fit` or `claxon add-head`")
        else:
            print("\n".join(line for head in heads for line in section(head.name, facts(_facts(head)))).rstrip())
        return 0


HEADS = Heads()


def _facts(head: HeadSpec) -> dict[str, str]:
    more = f" and {len(head.labels) - NAMED_LABELS:,} more" if len(head.labels) > NAMED_LABELS else ""
    temperature = f", softmax(cosine / {head.temperature:g})" if head.temperature is not None else ""
    about = {
        "kind": f"{head.kind} on {head.feature}",
        "labels": f"{len(head.labels)}: {', '.join(map(str, head.labels[:NAMED_LABELS]))}{more}",
        "gives": f"{head.scores}{temperature}",
        "holds from": _thresholds(head),
        "trained on": _trained_on(head.details),
        "features": _features(head.details),
        "labels by": str(head.details.get("labels_from", "")),
        "held out": _held_out(head.details),
    }
    return {name: value for name, value in about.items() if value}


def _thresholds(head: HeadSpec) -> str:
    pairs = zip(head.labels, head.thresholds or (), strict=False)
    return pairs_in_words({str(label): f"{least:g}" for label, least in pairs})


def _features(details: Mapping[str, LabelValue]) -> str:
    """What the estimator saw, where whoever added it said so."""
    if "max_tokens" not in details:
        return ""
    return f"{details.get('precision')} on {details.get('device')}, at most {details['max_tokens']} tokens"


def _trained_on(details: Mapping[str, LabelValue]) -> str:
    if "training_texts" not in details:
        return ""
    name = f" of {details['data']}" if "data" in details else ""
    digest = f" (SHA-256 {str(details['data_sha256'])[:SHORT_HASH]}…)" if "data_sha256" in details else ""
    how = pairs_in_words({key: details[key] for key in TOLD if key in details})
    return f"{_number(details['training_texts'], ',')} texts{name}{digest}; {how}"


def _held_out(details: Mapping[str, LabelValue]) -> str:
    """Format the available figures; heads of other versions have different ones."""
    names = {"accuracy": "held_out_accuracy", "macro F1": "held_out_macro_f1", "baseline": "baseline_accuracy"}
    figures = {word: details[name] for word, name in names.items() if name in details}
    if "accuracy" not in figures:
        return ""
    on = f"on {_number(details['held_out_texts'], ',')} texts: " if "held_out_texts" in details else ""
    return on + ", ".join(f"{word} {_number(value, '.3f')}" for word, value in figures.items())


def _number(value: LabelValue, form: str) -> str:
    """A number as ``form`` says; what another program wrote in its place, as it is."""
    return format(value, form) if isinstance(value, int | float) else str(value)
