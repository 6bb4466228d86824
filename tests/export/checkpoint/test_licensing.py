"""The license that a checkpoint's card names."""

from __future__ import annotations

from pathlib import Path

import pytest

from claxon_export.checkpoint.licensing import declared_license


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("license: apache-2.0", "apache-2.0"),
        ("language: en\nlicense: 'mit'\ntags:\n- a", "mit"),
        ('license: "cc-by-nc-4.0"\r', "cc-by-nc-4.0"),
        ("license:\n- mit\n- apache-2.0\ntags:\n- x", "mit, apache-2.0"),
        ("license: [mit, bsd-3-clause]", "mit, bsd-3-clause"),
        ("license: other\nlicense_name: llama3", "llama3"),
        ("license: other", "other"),
        ("license_name: llama3", None),
        ("base_license: mit", None),
        ("license:", None),
        ("license: <script>alert(1)</script>", None),
        ("license: |\n  mit", None),
        ("license: " + "x" * 65, None),
    ],
)
def test_the_front_matter_tells(front: str, expected: str | None, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"---\n{front}\n---\n# A model\nlicense: gpl\n")
    assert declared_license(tmp_path) == expected


@pytest.mark.parametrize("card", ["", "license: mit", "---\nlicense: mit\n", "# A model\n---\nlicense: mit\n---\n"])
def test_a_card_without_front_matter_tells_nothing(card: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(card)
    assert declared_license(tmp_path) is None


def test_bytes_that_are_no_text_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"---\nlicense: mit\n\xff\xfe\n---\n")
    assert declared_license(tmp_path) == "mit"


def test_no_card_tells_nothing(tmp_path: Path) -> None:
    assert declared_license(tmp_path) is None
