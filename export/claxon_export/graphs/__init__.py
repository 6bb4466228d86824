"""A checkpoint's encoder, written as an ONNX graph."""
