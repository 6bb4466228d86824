"""``claxon export``: makes a bundle from a checkpoint."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from claxon.cli.arguments import positive_int
from claxon.formats.rows import open_records
from claxon_export.bundle.summaries import export_lines
from claxon_export.errors import ExportError, ParityError

# graphs.architectures has them, and is not imported to show the help.
NATIVE = "albert, bert, camembert, deberta-v2 (and v3), distilbert, electra, modernbert, mpnet, roberta and xlm-roberta"


class Export:
    """Makes a bundle from a checkpoint."""

    name = "export"
    help = (
        "Make a bundle from a checkpoint. Source and bundle are compared on real texts first; if they differ, nothing "
        "is written and the exit code is 1."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon export SOURCE OUT [options]"
        parser.add_argument("source", metavar="SOURCE", help="a Hub id (org/name), or a local folder")
        parser.add_argument("out", metavar="OUT", type=Path, help="the bundle's folder")
        parser.add_argument("--revision", metavar="REV", help="branch, tag or commit of a Hub id")
        parser.add_argument(
            "--pooling", choices=["mean", "cls"], help="how a sentence embedding is pooled, if SOURCE does not say"
        )
        parser.add_argument(
            "--max-tokens", metavar="N", type=positive_int, help="a lower limit (default: what SOURCE says)"
        )
        parser.add_argument("--labels", metavar="A,B,…", help="other names for its classifier's labels, in their order")
        parser.add_argument(
            "--prompt", metavar="NAME", help="one of SOURCE's named prompts, to be put before every text by default"
        )
        parser.add_argument(
            "--accept-unknown",
            metavar="KEY",
            action="append",
            default=[],
            help="leave this setting of SOURCE, which Claxon does not know, unread; may be given several times",
        )
        parser.add_argument(
            "--exporter",
            choices=["native", "optimum"],
            default="native",
            help=f"native writes {NATIVE}; optimum is for other architectures (default: native)",
        )
        parser.add_argument("--texts", metavar="FILE", help="more texts to compare on: .csv, .jsonl or plain lines")
        parser.add_argument("--token-states", action="store_true", help="also output every token's last hidden state")
        parser.add_argument(
            "--precision",
            metavar="P[,P]",
            default="fp32",
            help="one or more of fp32, int8 (CPU) and fp16 (CUDA; checked on the CPU, not tried on a GPU yet), "
            "for instance fp32,int8,fp16 (default: fp32)",
        )
        parser.add_argument(
            "--calibration",
            metavar="FILE",
            help="texts like those you will classify, to calibrate int8: .csv, .jsonl or plain lines (the packaged "
            "ones are added)",
        )
        parser.add_argument("--no-verify", action="store_true", help="skip the comparison; the manifest records this")
        parser.add_argument(
            "--trust-pickle",
            action="store_true",
            help="allow the pickled head of a SetFit folder to run any code in it when it is opened, and take it",
        )
        parser.add_argument("--force", action="store_true", help="replace an existing bundle")
        parser.add_argument("-q", "--quiet", action="store_true", help="do not show progress on standard error")

    def run(self, options: argparse.Namespace) -> int:
        """Export the checkpoint and print a summary."""
        from claxon_export import export

        start = time.perf_counter()
        try:
            bundle = export(
                options.source,
                options.out,
                revision=options.revision,
                pooling=options.pooling,
                max_tokens=options.max_tokens,
                labels=None if options.labels is None else _names(options.labels),
                prompt=options.prompt,
                accept_unknown=options.accept_unknown,
                exporter=options.exporter,
                texts=_texts(options.texts),
                verify=not options.no_verify,
                token_states=options.token_states,
                precision=_names(options.precision),
                calibration=_texts(options.calibration),
                show_progress_bar=not options.quiet,
                force=options.force,
                trust_pickle=options.trust_pickle,
            )
        except ParityError as error:
            print(error.report, file=sys.stderr)
            raise ExportError("the comparison shown above failed; nothing was written") from error
        print("\n".join(export_lines(bundle, time.perf_counter() - start)))
        return 0


EXPORT = Export()


def _names(words: str) -> list[str]:
    return [name.strip() for name in words.split(",")]


def _texts(path: str | None) -> list[str]:
    if path is None:
        return []
    with open_records(path) as records:
        return [row.text for row in records]
