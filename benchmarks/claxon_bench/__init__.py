"""Measures bundles and their peers: speed, latency, cold start, memory, install size, accuracy; all in the same run."""
