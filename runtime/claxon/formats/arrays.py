"""Rows of float32 -> a ``.npy`` file, without holding all of them."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
from numpy.lib.format import write_array_header_1_0

from claxon.encoder.features import FloatMatrix


class ArrayWriter:
    """An array in numpy's format, row after row; the header is written again when the number of rows is known."""

    def __init__(self, stream: BinaryIO, width: int) -> None:
        self._stream = stream
        self._width = width
        self._rows = 0
        self._write_header()

    def write(self, rows: FloatMatrix) -> None:
        """Some more rows. Shape: ``(rows, width)``."""
        self._stream.write(np.ascontiguousarray(rows, "<f4").tobytes())
        self._rows += len(rows)

    def finish(self) -> None:
        """Put the number of rows into the header; numpy pads it, so that any number fits."""
        self._stream.seek(0)
        self._write_header()

    def _write_header(self) -> None:
        shape = (self._rows, self._width)
        write_array_header_1_0(self._stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
