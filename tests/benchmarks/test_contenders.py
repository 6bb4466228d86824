from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from claxon_bench.contenders import Contender, prepared
from claxon_bench.roster import BY_NAME
from tests.measurements import engine_spec, sample_arena, write_engine


def test_what_is_exported_is_kept_for_the_next_time(tiny_bundle: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    arena = sample_arena(tiny_bundle, tmp_path / "peers", tiny_checkpoint)
    spec = replace(engine_spec(write_engine(tmp_path)), export="st:onnx")
    first, second = Contender(spec, arena), Contender(spec, arena)
    first.prepare()
    (graph,) = (tmp_path / "peers").rglob("graph")
    assert graph.parent.name == "st-onnx-encoder"
    assert graph.parent.parent.name == arena.measured.facts.checkpoint
    graph.write_text("kept")
    second.prepare()
    assert graph.read_text() == "kept"
    assert first._setup(9)["prepared"] == str(graph.parent)


def test_peer_without_environment_says_how_to_make_it(tiny_bundle: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    arena = sample_arena(tiny_bundle, tmp_path, tiny_checkpoint)
    (contender,) = prepared([BY_NAME["fastembed:onnx"]], arena, print)
    assert contender.result().problem == "no environment fastembed; `make bench-peers` makes it"


def test_peer_without_checkpoint_says_which_option_is_missing(tiny_bundle: Path, tmp_path: Path) -> None:
    python = tmp_path / "fastembed" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    (contender,) = prepared([BY_NAME["fastembed:onnx"]], sample_arena(tiny_bundle, tmp_path), print)
    assert contender.problem is not None
    assert "add --checkpoint" in contender.problem


def test_setup_tells_what_the_manifest_knows(tiny_bundle: Path, tmp_path: Path) -> None:
    spec = engine_spec(write_engine(tmp_path))
    setup = Contender(spec, sample_arena(tiny_bundle, tmp_path))._setup(9)
    assert (setup["pooling"], setup["normalize"], setup["width"]) == ("mean", True, 32)
    assert (setup["threads"], setup["max_tokens"], setup["kind"]) == (1, 9, "encoder")
    assert setup["model"] == str(tiny_bundle)


def test_export_that_fails_leaves_nothing(tiny_bundle: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    script = write_engine(tmp_path)
    script.write_text(script.read_text().replace("def prepare(setup):", "def prepare(setup):\n    1 / 0"))
    spec = replace(engine_spec(script), export="st:onnx")
    (contender,) = prepared([spec], sample_arena(tiny_bundle, tmp_path / "peers", tiny_checkpoint), print)
    assert contender.problem == "exit code 1: ZeroDivisionError: division by zero"
    assert not list((tmp_path / "peers").rglob("*encoder*"))
