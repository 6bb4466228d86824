"""``claxon predict``: texts in, labels out."""

from __future__ import annotations

import argparse

from claxon.bundle.bundle import Bundle
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
from claxon.errors import OptionError


class Predict:
    """Labels texts with a bundle's own heads."""

    name = "predict"
    help = (
        "Label texts with a bundle's head. Every column of the input is kept; predicted_label and score are added, "
        "and truncated if a text was truncated."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon predict BUNDLE [INPUT] [options]"
        add_bundle(parser)
        add_input(parser)
        add_errors(parser)
        add_empty(parser.add_argument_group("empty texts"))
        heads = parser.add_argument_group("head").add_mutually_exclusive_group()
        heads.add_argument("--head", metavar="NAME", help="head to use (default: the only one)")
        heads.add_argument(
            "--all-heads", action="store_true", help="use all heads; columns predicted_label_HEAD and score_HEAD"
        )
        add_decision(parser)
        add_row_format(add_output(parser))
        add_engine(parser)

    def run(self, options: argparse.Namespace) -> int:
        """Label the input."""
        head = None if options.all_heads else _head(options)
        return label_stream(
            lambda: Classifier.load(options.bundle, head, **engine_options(options)),
            options,
            all_heads=options.all_heads,
        )


PREDICT = Predict()


def _opened(options: argparse.Namespace) -> Bundle:
    return Bundle.open(options.bundle, expected_digest=options.expected_digest)


def _head(options: argparse.Namespace) -> str:
    """Return the requested head, or the only one, before the encoder is loaded."""
    names = [head.name for head in _opened(options).manifest.heads]
    if options.head is not None or not names:
        return str(options.head)  # the loader knows what to say
    if len(names) > 1:
        raise OptionError(f"{options.bundle} has several heads: add --head {' or --head '.join(names)}, or --all-heads")
    return names[0]
