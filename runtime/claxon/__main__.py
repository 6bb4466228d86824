"""``python -m claxon`` is ``claxon``."""

from __future__ import annotations

import sys

from claxon.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
