"""``claxon similar``: labels texts by similarity to label names."""

from __future__ import annotations

import argparse

from claxon.bundle.manifest import Precision
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
    finite_float,
)
from claxon.cli.labelling import OpenMatrix, add_decision, label_stream
from claxon.cli.matrix import matrix_format, open_matrix
from claxon.encoder.encoder import Encoder
from claxon.encoder.loading import LoadOptions
from claxon.heads.label_sets import Combine, LabelSet, LabelSettings


class Similar:
    """Labels texts by similarity to label names."""

    name = "similar"
    help = (
        "Label texts by the similarity between their embedding and those of label names or phrasings, without "
        "training. The score is a cosine, not a probability; --temperature turns it into one."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon similar BUNDLE [INPUT] (--labels A,B,… | --labels-file FILE) [options]"
        add_bundle(parser)
        add_input(parser)
        add_errors(parser)
        add_empty(parser.add_argument_group("empty texts"))
        add_labels(parser)
        parser.add_argument(
            "--label-precision",
            choices=[str(choice) for choice in Precision],
            help="embed the labels in another precision than the texts: fp32 beside int8 texts is loaded once for "
            "them, for more labels as fp32 gives them (default: that of the texts)",
        )
        add_decision(parser)
        output = add_output(parser)
        add_row_format(output)
        output.add_argument(
            "--matrix",
            metavar="FILE",
            help="also write the cosine of every text with every label: .csv, .tsv, .jsonl or .npy",
        )
        add_engine(parser)

    def run(self, options: argparse.Namespace) -> int:
        """Label the input."""
        label_set = label_set_of(options)
        return label_stream(lambda: _load(options, label_set), options, matrix=_matrix(options, label_set))


SIMILAR = Similar()


def add_labels(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """Add label names and options of the comparison; returns the group that chooses the source of the labels."""
    group = parser.add_argument_group("labels")
    choice = group.add_mutually_exclusive_group(required=True)
    choice.add_argument("--labels", metavar="A,B,…", help="label names, separated by commas")
    choice.add_argument(
        "--labels-file",
        metavar="FILE",
        help=".json, .yaml: a list of names, or name to phrasings, optionally under 'labels', next to settings such as "
        "'template' and 'threshold'; .txt: one name per line",
    )
    group.add_argument("--template", metavar="WORDS", help="template for every phrasing, such as 'This is {label}.'")
    group.add_argument(
        "--combine",
        choices=[str(choice) for choice in Combine],
        help="several phrasings of a label: their mean, or the best of them (default: mean)",
    )
    group.add_argument(
        "--temperature", metavar="T", type=finite_float, help="scores are softmax(cosine / T) (default: cosines)"
    )
    return choice


def label_set_of(options: argparse.Namespace) -> LabelSet:
    """Return the labels of ``add_labels``; the command line takes precedence over a label file.

    Raises:
        OptionError, MissingDependencyError: as ``LabelSet.from_file``.
    """
    settings = LabelSettings(template=options.template, combine=options.combine, temperature=options.temperature)
    if options.labels is not None:
        return LabelSet.parse(options.labels, **settings)
    return LabelSet.from_file(options.labels_file, **settings)


def _load(options: argparse.Namespace, label_set: LabelSet) -> Classifier:
    encoder = Encoder.load(options.bundle, **engine_options(options))
    if options.label_precision is None:
        return Classifier.from_labels(encoder, label_set)
    how = LoadOptions(device=options.device, precision=options.label_precision)
    how |= {"threads": options.threads, "max_tokens": options.max_tokens}
    with Encoder.from_bundle(encoder.bundle, **how) as label_encoder:
        return Classifier.from_labels(encoder, label_set, label_names_encoder=label_encoder)


def _matrix(options: argparse.Namespace, label_set: LabelSet) -> OpenMatrix | None:
    if options.matrix is None:
        return None
    kind = matrix_format(options.matrix, options.output)
    return lambda records: open_matrix(options.matrix, kind, label_set.labels, records, options.prefix)
