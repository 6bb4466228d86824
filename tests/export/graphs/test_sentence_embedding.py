"""What modules.json composes, as a graph: the numbers of SentenceTransformer.encode."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import claxon
import claxon_export
from tests.sentence_folders import COMPOSITIONS, encoded_by_source, sentence_folder
from tests.texts import TEXTS

# Unit-norm or of order 1; float32 on both sides.
TOLERANCE = 2e-5


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_every_composition_gives_the_sources_numbers(composition: str, tmp_path: Path) -> None:
    folder = sentence_folder(tmp_path, COMPOSITIONS[composition])
    bundle = claxon_export.export(folder, tmp_path / "bundle")
    expected = encoded_by_source(folder, TEXTS)
    for batch_size in (1, len(TEXTS)):
        result = claxon.Encoder.load(bundle.path, threads=1).encode(TEXTS, batch_size=batch_size)
        np.testing.assert_allclose(result, expected, rtol=0, atol=TOLERANCE)
