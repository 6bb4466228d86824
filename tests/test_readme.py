"""What the README and the documentation show works: commands parse, targets and links exist, Python runs."""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

import claxon
import claxon_export
from claxon.cli.command import ENTRY_POINT_GROUP, CommandGroup
from claxon.cli.main import KNOWN
from tests.texts import REVIEWS

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
CONTENTS = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
MOST_LINES_OF_README = 150
# Pages whose Python needs more than a bundle.
GENERATED = {"command-reference.md"}  # by docs/command_reference.py, when the site is built
LIBRARIES = "integrations.md"  # each of its blocks needs another one
NEEDS = {"scaling.md": "its Python needs a Ray or a Spark cluster"}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", CONTENTS[page], re.DOTALL)


SHELL_LINES = [
    (page, line.partition(" #")[0].strip())
    for page in CONTENTS
    for block in blocks(page, "sh")
    for line in block.splitlines()
    if line.strip()
]
COMMANDS = [(page, line) for page, line in SHELL_LINES if line.startswith("claxon ")]
TARGETS = [(page, line.split()[1]) for page, line in SHELL_LINES if line.startswith("make ")]
PYTHON = [(page, place) for page in CONTENTS for place in range(len(blocks(page, "python")))]


def parse(name: str, words: list[str]) -> None:
    found = {point.name: point.value for point in entry_points(group=ENTRY_POINT_GROUP)}
    command = resolve_name(KNOWN[name].target or found[name])
    if isinstance(command, CommandGroup):
        command, words = resolve_name(command.members[words[0]].target), words[1:]
    parser = argparse.ArgumentParser(exit_on_error=False)
    command.configure(parser)
    parser.parse_intermixed_args(words)


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_a_command_that_is_shown_parses(page: str, line: str) -> None:
    _, name, *words = shlex.split(line)
    parse(name, words)


@pytest.mark.parametrize(("page", "target"), TARGETS)
def test_a_make_target_that_is_shown_exists(page: str, target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_shell_line_is_of_a_kind_that_is_checked() -> None:
    known = ("claxon ", "make ", "pip install ", "pip wheel ")
    assert [line for _, line in SHELL_LINES if not line.startswith(known)] == []


@pytest.fixture
def folder(
    tiny_bundle: Path, entailment_bundle: Path, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with what the pages call ``demo`` and ``out``, all of it tiny."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_checkpoint, tmp_path / "demo" / "all-MiniLM-L6-v2")
    for name in ("demo/minilm", "out/minilm"):
        shutil.copytree(tiny_bundle, tmp_path / name)
    shutil.copytree(entailment_bundle, tmp_path / "out" / "nli")
    return tmp_path


@pytest.mark.filterwarnings("ignore::claxon.LabelWarning", "ignore::claxon.TruncationWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:(?!claxon)", "ignore::ResourceWarning:(?!claxon)")
@pytest.mark.parametrize(("page", "place"), PYTHON)
def test_python_that_is_shown_runs(page: str, place: int, folder: Path) -> None:
    code = blocks(page, "python")[place]
    if 'claxon_export.export("demo' in code:
        shutil.rmtree(folder / "out")
    if "minilm-int8" in code:
        exported = claxon_export.export(
            folder / "demo/all-MiniLM-L6-v2", "out/minilm-int8", precision=["fp32", "int8"], verify=False
        )
        claxon_export.fit(exported.path, list(REVIEWS), list(REVIEWS.values()), head="sentiment", test_size=0)
    for name in re.findall(r'"(out/(?:classifier|setfit))"', code):
        shutil.copytree(folder / "out/minilm", folder / name)
        claxon_export.remove_head(folder / name, "topic")
    lines = [line.removeprefix(">>> ") for line in code.splitlines() if line.startswith(">>> ")]
    names: dict[str, Any] = {"claxon": claxon, "texts": list(REVIEWS)}
    compiled = compile("\n".join(lines) if lines else code, page, "exec")
    if page in NEEDS:
        pytest.skip(NEEDS[page])
    try:
        exec(compiled, names)  # as a reader would run it
    except ImportError as error:
        if page != LIBRARIES:
            raise
        pytest.skip(f"a library is not installed: {error}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", CONTENTS[page.name])
    files = [target for target in targets if "://" not in target and target not in GENERATED]
    assert [target for target in files if not (page.parent / target).exists()] == []


def test_files_that_are_named_in_commands_exist() -> None:
    named = {path for content in CONTENTS.values() for path in re.findall(r"export/claxon_export/texts/\S+", content)}
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_readme_is_short() -> None:
    assert len(CONTENTS["README.md"].splitlines()) <= MOST_LINES_OF_README
