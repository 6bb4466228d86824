"""``claxon remove-head``: removes a head from a bundle."""

from __future__ import annotations

import argparse

from claxon.cli.arguments import add_bundle


class RemoveHead:
    """Removes a head from a bundle."""

    name = "remove-head"
    help = (
        "Remove a head from a bundle. The bundle is replaced atomically; the encoder and the other heads do not change."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon remove-head BUNDLE NAME"
        add_bundle(parser)
        parser.add_argument("head", metavar="NAME", help="the head's name, as `claxon heads BUNDLE` lists it")

    def run(self, options: argparse.Namespace) -> int:
        """Remove the head and print those that are left."""
        from claxon_export import remove_head

        left = ", ".join(head.name for head in remove_head(options.bundle, options.head).manifest.heads)
        print(f"{options.bundle}  removed the head {options.head}; heads left: {left or 'none'}")
        return 0


REMOVE_HEAD = RemoveHead()
