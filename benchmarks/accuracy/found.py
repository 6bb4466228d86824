"""What a script found -> standard output, and a folder: its page as Markdown, its rows as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any


def tell(name: str, page: str, rows: Sequence[Any], folder: str | None) -> None:
    """Print the page; with a folder, write ``name.md`` and ``name.json``, where ``rows`` are dataclasses, too."""
    print(page)
    if folder is not None:
        out = Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{name}.md").write_text(page + "\n", encoding="utf-8")
        figures = json.dumps([asdict(row) for row in rows], indent=2) + "\n"
        (out / f"{name}.json").write_text(figures, encoding="utf-8")
