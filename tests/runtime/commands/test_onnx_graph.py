from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from claxon.commands.onnx_graph import read_graph
from claxon.diagnosis import PROBE_GRAPH
from claxon.errors import BundleError


def test_the_smallest_graph() -> None:
    assert read_graph(PROBE_GRAPH) == {"Identity": 1}


def test_the_operators_are_those_that_onnx_reads(tiny_bundle: Path) -> None:
    onnx = pytest.importorskip("onnx")
    nodes = onnx.load(tiny_bundle / "encoder.onnx", load_external_data=False).graph.node
    expected = Counter(".".join(filter(None, [node.domain, node.op_type])) for node in nodes)
    assert read_graph((tiny_bundle / "encoder.onnx").read_bytes()) == expected


@pytest.mark.parametrize("content", [PROBE_GRAPH[:30], b"\x3a\xff\xff\xff", b"\x0f\x00", b"\x3a\x02\x0a\x09"])
def test_bytes_that_are_no_graph_are_an_error(content: bytes) -> None:
    with pytest.raises(BundleError, match="no ONNX file"):
        read_graph(content)
