"""``claxon verify``: checks a bundle's files and its signature."""

from __future__ import annotations

import argparse
from pathlib import Path

from claxon.cli.arguments import add_bundle
from claxon.errors import OptionError


class Verify:
    """Checks a bundle's files and its signature."""

    name = "verify"
    help = (
        "Check every file of BUNDLE against its manifest, and with --key its signature too. The digest is printed: "
        "with --expected-digest (expected_digest=) only that bundle is accepted."
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.usage = "claxon verify BUNDLE [--key KEY.pub] [options]"
        add_bundle(parser)
        parser.add_argument("--key", metavar="FILE", type=Path, help="the signer's public key, PEM")
        parser.add_argument("--signature", metavar="FILE", type=Path, help="the signature (default: BUNDLE.sig)")

    def run(self, options: argparse.Namespace) -> int:
        """Verify the bundle and print its digest."""
        from claxon_export.bundle.signing import verify_bundle

        if options.signature is not None and options.key is None:
            raise OptionError("--signature needs --key, the signer's public key")
        bundle = verify_bundle(options.bundle, options.key, options.signature)
        signed = f", signed by {options.key}" if options.key else ", signature not checked (no --key)"
        print(f"{bundle.digest}: {len(bundle.manifest.files)} files verified{signed}")
        return 0


VERIFY = Verify()
