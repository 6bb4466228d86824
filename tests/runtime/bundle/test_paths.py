from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claxon.bundle.paths import MAX_DEPTH, MAX_NAME, first_collision, is_plain_path


@pytest.mark.parametrize(
    "name", ["a", "heads/stars.onnx", "naïve 中文", ".hidden", "a b", "x" * MAX_NAME, "/".join("d" * 8)]
)
def test_plain_paths(name: str) -> None:
    assert is_plain_path(name)


@given(st.text("a./\\: \0\n", max_size=12))
def test_a_plain_path_stays_inside_on_every_system(name: str) -> None:
    if is_plain_path(name):
        for path in (PurePosixPath(name), PureWindowsPath(name)):
            assert not path.is_absolute()
            assert not path.drive
            assert ".." not in path.parts
            assert len(path.parts) <= MAX_DEPTH


@pytest.mark.parametrize(
    ("names", "collision"),
    [
        ([], None),
        (["a", "b", "A/b"], None),
        (["a", "b", "A"], ("a", "A")),
        (["caf\u00e9", "cafe\u0301"], ("caf\u00e9", "cafe\u0301")),
        (["stra\u00dfe", "STRASSE"], ("stra\u00dfe", "STRASSE")),
    ],
)
def test_the_first_names_that_collide(names: list[str], collision: tuple[str, str] | None) -> None:
    assert first_collision(names) == collision
