"""Whether OpenVINO's plugin is installed and has a device for this processor; tests that need it skip if not."""

from __future__ import annotations

import onnxruntime
import pytest

from claxon.engine.openvino import plugin_version, register
from claxon.errors import DeviceError


def _missing() -> str:
    if plugin_version() is None:
        return "onnxruntime-ep-openvino is not installed"
    try:
        register(onnxruntime)
    except DeviceError as error:
        return str(error)
    return ""


REASON = _missing()
needs_openvino = pytest.mark.skipif(bool(REASON), reason=REASON or "OpenVINO runs here")
