"""``claxon sign``: signs a bundle."""

from __future__ import annotations

import argparse
from pathlib import Path

from claxon.cli.arguments import add_bundle


class Sign:
    """Signs a bundle."""

    name = "sign"
    help = (
        "Check every file of BUNDLE and sign it with an elliptic-curve key, into a file beside it. "
        "`openssl ecparam -name prime256v1 -genkey -noout -out key.pem` makes a key, and "
        "`openssl ec -in key.pem -pubout -out key.pub` writes its public half."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon sign BUNDLE --key KEY.pem [options]"
        add_bundle(parser)
        parser.add_argument("--key", metavar="FILE", type=Path, required=True, help="the private key, PEM")
        parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="the signature (default: BUNDLE.sig)")

    def run(self, options: argparse.Namespace) -> int:
        """Sign the bundle and print its digest."""
        from claxon_export.bundle.signing import sign_bundle, signature_path

        bundle = sign_bundle(options.bundle, options.key, options.output)
        print(f"{options.output or signature_path(options.bundle)}: signed {bundle.digest}")
        return 0


SIGN = Sign()
