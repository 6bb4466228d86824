"""ONNX Runtime: sessions, devices, the CPU's features, which graph runs where, and how fast."""
