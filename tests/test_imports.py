"""The order of rooms, read from the source; what a prediction loads, seen in a fresh process."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {"claxon": ROOT / "runtime", "claxon_export": ROOT / "export", "claxon_bench": ROOT / "benchmarks"}
SOURCES = {
    ".".join(path.relative_to(room).with_suffix("").parts).removesuffix(".__init__"): path
    for package, room in ROOMS.items()
    for path in sorted((room / package).rglob("*.py"))
}
RUNTIME = [name for name in SOURCES if name.partition(".")[0] == "claxon"]
EXPORT = [name for name in SOURCES if name.partition(".")[0] == "claxon_export"]
BENCH = [name for name in SOURCES if name.partition(".")[0] == "claxon_bench"]
# Scripts that run in the environments of the peers: all that they may share with the harness is types.
ENGINES = [name for name in BENCH if name.startswith("claxon_bench.engines.")]
RUN_BY_PATH = [*ENGINES, "claxon_bench.random_classifier"]

# The room that each module is in, most basic first; docs/architecture.md is where the order stands.
ARCHITECTURE = ROOT / "docs" / "architecture.md"
MOST_AT_THE_TOP, MOST_IN_A_ROOM = 12, 14
FOREIGN = {"numpy", "onnxruntime", "openpyxl", "pandas", "pyarrow", "pyspark", "ray", "tokenizers", "tqdm", "yaml"}
# Other people's libraries, each imported by the one module that fits Claxon to it.
NEIGHBOURS = {
    "chromadb": "claxon.integrations.chroma",
    "haystack": "claxon.integrations.haystack",
    "keybert": "claxon.integrations.keybert",
    "langchain_core": "claxon.integrations.langchain",
    "llama_index": "claxon.integrations.llama_index",
    "pydantic": "claxon.integrations.llama_index",
    "sklearn": "claxon.integrations.sklearn",
    "spacy": "claxon.integrations.spacy",
}
HEAVY = {
    "chromadb",
    "claxon_export",
    "datasets",
    "haystack",
    "huggingface_hub",
    "joblib",
    "keybert",
    "langchain_core",
    "llama_index",
    "onnx",
    "openpyxl",
    "optimum",
    "pandas",
    "pyarrow",
    "pyspark",
    "ray",
    "safetensors",
    "scipy",
    "sentence_transformers",
    "skl2onnx",
    "sklearn",
    "spacy",
    "torch",
    "transformers",
    "yaml",
}
NO_TEST_OF_THEIR_NAME = {"__init__", "__main__", "version"}
# What a module of another package is called too; the benchmarks' test of it has their name in front.
SHARED_NAMES = {"cli", "errors"}


def imports(name: str, *, typing_too: bool = True) -> set[str]:
    """Full names of the modules that a module's source imports anywhere in it, by name or by ``import_module``."""
    tree = ast.parse(SOURCES[name].read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in _nodes(tree, typing_too=typing_too):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} imports by a relative path"
            found |= {_module(str(node.module), alias.name) for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            found |= {str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)}
    return found


def _module(parent: str, name: str) -> str:
    """``from parent import name`` imports a module if there is one of that name, else a thing from ``parent``."""
    return f"{parent}.{name}" if f"{parent}.{name}" in SOURCES else parent


def _nodes(tree: ast.AST, *, typing_too: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not typing_too:
            continue
        yield node
        yield from _nodes(node, typing_too=typing_too)


def foreign(name: str, *, typing_too: bool = False) -> set[str]:
    """Top-level names of what is imported beyond the standard library and this project."""
    tops = {module.partition(".")[0] for module in imports(name, typing_too=typing_too)}
    return tops - sys.stdlib_module_names - ROOMS.keys()


def reached(name: str) -> set[str]:
    """All modules of the project that come along when ``name`` is imported."""
    found: set[str] = set()
    left = {name}
    while left:
        module = left.pop()
        found.add(module)
        left |= {other for other in imports(module, typing_too=False) if other in SOURCES} - found
    return found


def test_the_reader_of_imports_sees_what_it_should() -> None:
    assert {"claxon.engine.runner", "numpy"} <= imports("claxon.encoder.extraction")
    assert "onnxruntime" in imports("claxon.encoder.encoder")
    assert "onnxruntime" not in imports("claxon.encoder.encoder", typing_too=False)
    assert "onnxruntime" in imports("claxon.engine.session", typing_too=False)
    assert reached("claxon.bundle.bundle") >= {"claxon.bundle.manifest", "claxon.errors"}
    assert len(RUNTIME) > 20
    assert len(EXPORT) > 20
    assert len(BENCH) > 20
    assert len(ENGINES) > 4


def order_of(package: str) -> list[str]:
    """The rooms of a package, most basic first, as the documentation lists them."""
    block = re.search(rf"```rooms-{package}\n(.*?)```", ARCHITECTURE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    return block[1].split()


def room(module: str) -> str:
    """``claxon.engine.session`` is in ``engine``; what belongs to no room, the package itself, in ``""``."""
    return module.partition(".")[2].partition(".")[0]


PACKAGES = (("runtime", "claxon"), ("export", "claxon_export"))
MODULES = [(half, name) for half, package in PACKAGES for name in SOURCES if name.startswith(f"{package}.")]


@pytest.mark.parametrize(("half", "package"), PACKAGES)
def test_every_room_is_listed_and_every_listed_room_exists(half: str, package: str) -> None:
    assert set(order_of(half)) == {room(name) for name in SOURCES if name.startswith(f"{package}.")} - {"__main__"}


@pytest.mark.parametrize(("half", "module"), MODULES)
def test_a_room_imports_only_rooms_above_it(half: str, module: str) -> None:
    order, package = order_of(half), module.partition(".")[0]
    if room(module) == "__main__":
        return
    place = order.index(room(module))
    below = {
        other
        for other in imports(module)
        if other.startswith(f"{package}.") and room(other) in order and order.index(room(other)) > place
    }
    assert not below


@pytest.mark.parametrize(("half", "package"), PACKAGES)
def test_modules_import_each_other_in_no_circle(half: str, package: str) -> None:
    names = [name for name in SOURCES if name.startswith(f"{package}.") and SOURCES[name].name != "__init__.py"]
    left = {name: {other for other in imports(name, typing_too=False) if other in names} for name in names}
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    assert not left


def test_no_room_is_crowded() -> None:
    folders = Counter(path.parent for path in SOURCES.values() if "claxon_bench" not in path.parts)
    top = ROOT / "runtime" / "claxon"
    assert folders[top] <= MOST_AT_THE_TOP
    assert {folder: count for folder, count in folders.items() if count > MOST_IN_A_ROOM} == {}


@pytest.mark.parametrize("module", RUNTIME)
def test_the_runtime_imports_nothing_but_its_dependencies(module: str) -> None:
    assert foreign(module) <= FOREIGN | NEIGHBOURS.keys()
    ours = {name.partition(".")[0] for name in imports(module)}
    assert not ours & {"claxon_export", "claxon_bench", "tests"}


@pytest.mark.parametrize(
    ("package", "only"),
    [
        ("onnxruntime", "claxon.engine.session"),
        ("tokenizers", "claxon.text.tokenizer"),
        ("yaml", "claxon.storage.strict_yaml"),
        ("openpyxl", "claxon.formats.binary_tables"),
        ("pyarrow", "claxon.formats.arrow"),
        ("pyspark", "claxon.integrations.spark"),
        ("ray", "claxon.integrations.ray_executor"),
        *NEIGHBOURS.items(),
    ],
)
def test_an_edge_has_one_module(package: str, only: str) -> None:
    assert [module for module in RUNTIME if package in foreign(module)] == [only]


@pytest.mark.parametrize("module", EXPORT)
def test_the_export_imports_neither_benchmarks_nor_tests(module: str) -> None:
    assert not {name.partition(".")[0] for name in imports(module)} & {"claxon_bench", "tests"}


@pytest.mark.parametrize("module", BENCH)
def test_the_benchmarks_import_neither_the_export_nor_tests(module: str) -> None:
    assert not {name.partition(".")[0] for name in imports(module)} & {"claxon_export", "tests"}


@pytest.mark.parametrize("module", [name for name in BENCH if name not in RUN_BY_PATH])
def test_the_harness_needs_numpy_and_for_plots_matplotlib(module: str) -> None:
    assert foreign(module) <= {"numpy", "matplotlib"}


@pytest.mark.parametrize("module", RUN_BY_PATH)
def test_what_runs_by_path_knows_nothing_of_the_harness(module: str) -> None:
    assert "claxon_bench" not in {name.partition(".")[0] for name in imports(module, typing_too=False)}


def test_only_the_runtimes_engine_imports_claxon() -> None:
    assert [name for name in ENGINES if "claxon" in imports(name)] == ["claxon_bench.engines.claxon_runtime"]


LABEL_ONE_TEXT = """
import json, sys, warnings
warnings.simplefilter("error")
import claxon
light = sorted({name.partition(".")[0] for name in sys.modules})
classifier = claxon.load(sys.argv[1], head="sentiment")
label = str(classifier.predict(["great book"])[0])
all_of_it = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"label": [label], "import": light, "prediction": all_of_it}))
"""


@pytest.fixture(scope="module")
def loaded(tiny_bundle: Path) -> dict[str, list[str]]:
    words = [sys.executable, "-c", LABEL_ONE_TEXT, str(tiny_bundle)]
    found = subprocess.run(words, capture_output=True, text=True, check=True)
    answer: dict[str, list[str]] = json.loads(found.stdout)
    return answer


@pytest.mark.parametrize("step", ["import", "prediction"])
def test_nothing_heavy_is_loaded(step: str, loaded: dict[str, list[str]]) -> None:
    assert not set(loaded[step]) & HEAVY


def test_a_fresh_process_predicts(loaded: dict[str, list[str]]) -> None:
    assert loaded["label"] in (["negative"], ["positive"])
    assert "onnxruntime" in loaded["prediction"]


def test_the_engine_is_loaded_with_the_bundle_not_with_the_import(loaded: dict[str, list[str]]) -> None:
    assert "onnxruntime" not in loaded["import"]


def test_every_module_has_a_test_file_of_its_name() -> None:
    tests = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    sources = [path for path in SOURCES.values() if path.stem not in NO_TEST_OF_THEIR_NAME]
    untested = [str(path.relative_to(ROOT)) for path in sources if not tests & _names_of_tests(path)]
    assert not untested


def _names_of_tests(path: Path) -> set[str]:
    """``test_X``, or ``test_FOLDER_X`` where modules of several folders are called X."""
    folder = path.parent.name
    names = {f"test_{path.stem}", f"test_{folder}_{path.stem}", f"test_{folder.removesuffix('s')}_{path.stem}"}
    return {f"test_bench_{path.stem}"} if folder == "claxon_bench" and path.stem in SHARED_NAMES else names
