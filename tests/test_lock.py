"""requirements-dev.lock: all that development needs, within the bounds of pyproject.toml, and no address."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCK = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PIN = re.compile(r"(?P<name>[a-z0-9._-]+)==(?P<version>[A-Za-z0-9.+!]+)( ; (?P<marker>[^\\]+?))? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
SYSTEMS = (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("win32", "AMD64"))
PYTHONS = ("3.11", "3.12", "3.13")


@dataclass(frozen=True, slots=True)
class Pin:
    """A release, and where it is installed."""

    name: str
    version: str
    marker: Marker | None

    def is_for(self, environment: dict[str, str]) -> bool:
        return self.marker is None or self.marker.evaluate(environment)


def odd_lines(lock: str) -> list[str]:
    """Lines that are neither a release nor a hash: an index, an address, a path."""
    return [line for line in lock.splitlines() if not PIN.fullmatch(line) and not HASH.fullmatch(line)]


def pins(lock: str) -> list[Pin]:
    found = [match for match in map(PIN.fullmatch, lock.splitlines()) if match is not None]
    return [Pin(m["name"], m["version"], Marker(m["marker"]) if m["marker"] else None) for m in found]


def requirements(extra: str | None = None) -> Iterator[Requirement]:
    """What the project asks for, with an extra and those that the extra asks for."""
    words = PROJECT["dependencies"] if extra is None else PROJECT["optional-dependencies"][extra]
    for requirement in map(Requirement, words):
        if requirement.name != PROJECT["name"]:
            yield requirement
            continue
        for other in requirement.extras:
            yield from requirements(other)


def missing(lock: str, python: str, system: tuple[str, str]) -> list[str]:
    """Requirements of the extra ``dev`` that have no release, or one out of bounds, on such a machine."""
    platform, machine = system
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.5",
        "sys_platform": platform,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    versions = {pin.name: pin.version for pin in pins(lock) if pin.is_for(environment)}
    wanted = itertools.chain(requirements(), requirements("dev"))
    return [
        str(requirement)
        for requirement in wanted
        if (requirement.marker is None or requirement.marker.evaluate(environment))
        and not requirement.specifier.contains(versions.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]


def test_there_is_no_address_in_it() -> None:
    assert odd_lines(LOCK) == []


@pytest.mark.parametrize(
    "line",
    ["--index-url https://example.org/simple", "-e .", "a @ file:///home/me/a.whl", "# via http://x", "a==1 # /opt/a"],
)
def test_an_address_would_be_seen(line: str) -> None:
    assert odd_lines(f"{LOCK}{line}\n") == [line]


def test_every_release_has_its_hashes() -> None:
    lines = LOCK.splitlines()
    assert len(pins(LOCK)) > 50
    assert all(HASH.fullmatch(after) for line, after in itertools.pairwise(lines) if PIN.fullmatch(line))
    assert HASH.fullmatch(lines[-1])


@pytest.mark.parametrize("system", SYSTEMS, ids=["-".join(system) for system in SYSTEMS])
@pytest.mark.parametrize("python", PYTHONS)
def test_all_that_development_needs_is_in_it_within_bounds(python: str, system: tuple[str, str]) -> None:
    assert not missing(LOCK, python, system), "make lock"


def test_what_is_missing_or_out_of_bounds_would_be_seen() -> None:
    without = re.sub(r"^ruff==", "ruffian==", LOCK, flags=re.MULTILINE)
    older = re.sub(r"^(tokenizers)==[\d.]+", r"\1==0.1.0", LOCK, flags=re.MULTILINE)
    found = missing(without, "3.11", SYSTEMS[0]) + missing(older, "3.11", SYSTEMS[0])
    assert [requirement.partition(">")[0].partition("<")[0] for requirement in found] == ["ruff", "tokenizers"]


def test_direct_dependencies_have_bounds_on_both_sides() -> None:
    """But tools, and those whose releases are all major ones."""
    shipped = [name for name in PROJECT["optional-dependencies"] if name not in ("dev", "test")]
    found = [*requirements(), *itertools.chain.from_iterable(requirements(name) for name in shipped)]
    for requirement in found:
        operators = {specifier.operator for specifier in requirement.specifier}
        assert ">=" in operators, requirement
        assert operators & {"<", "=="} or requirement.name in ("pyOpenSSL", "pyarrow"), requirement
