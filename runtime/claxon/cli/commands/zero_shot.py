"""``claxon zero-shot``: labels texts with any labels, by a head that was trained on entailment."""

from __future__ import annotations

import argparse

from claxon.classifier import Classifier
from claxon.cli.arguments import (
    add_bundle,
    add_empty,
    add_engine,
    add_errors,
    add_input,
    add_output,
    add_row_format,
    engine_options,
)
from claxon.cli.labelling import add_decision, label_stream
from claxon.heads.entailment import HYPOTHESIS, hypotheses_of


class ZeroShot:
    """Labels texts with any labels, by entailment."""

    name = "zero-shot"
    help = (
        "Label texts with labels of your own, without training: a head trained on entailment judges whether a text "
        "entails a hypothesis about each label. Every text runs once a label."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon zero-shot BUNDLE [INPUT] --labels A,B,… [options]"
        add_bundle(parser)
        add_input(parser)
        add_errors(parser)
        add_empty(parser.add_argument_group("empty texts"))
        group = parser.add_argument_group("labels")
        group.add_argument("--labels", metavar="A,B,…", required=True, help="labels, separated by commas")
        group.add_argument(
            "--hypothesis",
            metavar="WORDS",
            default=HYPOTHESIS,
            help="what is said of a text, with {} where the label goes (default: '%(default)s')",
        )
        group.add_argument(
            "--multi-label",
            action="store_true",
            help="any number of labels may hold, each with a probability of its own (default: one label wins)",
        )
        group.add_argument(
            "--head", metavar="NAME", help="the head trained on entailment, if the bundle has several heads"
        )
        add_decision(parser)
        add_row_format(add_output(parser))
        add_engine(parser)

    def run(self, options: argparse.Namespace) -> int:
        """Label the input."""
        labels = [label.strip() for label in options.labels.split(",") if label.strip()]
        hypotheses_of(labels, options.hypothesis)
        return label_stream(lambda: _load(options, labels), options)


ZERO_SHOT = ZeroShot()


def _load(options: argparse.Namespace, labels: list[str]) -> Classifier:
    classifier = Classifier.load(options.bundle, options.head, **engine_options(options))
    return classifier.with_labels(labels, hypothesis_template=options.hypothesis, multi_label=options.multi_label)
