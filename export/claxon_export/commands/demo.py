"""``claxon demo``: exports, trains and labels in one go."""

from __future__ import annotations

import argparse


class Demo:
    """Exports, trains and labels in one go."""

    name = "demo"
    help = (
        "Get all-MiniLM-L6-v2, export it, fit a sentiment head on the review sentences that come with Claxon, and "
        "label unseen ones by the head and by similarity."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "folder", metavar="FOLDER", nargs="?", default="demo", help="folder for the results (default: demo)"
        )
        parser.add_argument("--offline", action="store_true", help="do not use the network")

    def run(self, options: argparse.Namespace) -> int:
        """Run the demo."""
        from claxon_export.demo.demo import run

        run(options.folder, offline=options.offline)
        return 0


DEMO = Demo()
