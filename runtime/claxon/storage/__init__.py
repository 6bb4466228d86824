"""Atomic writes, locks, the cache folder, strict JSON and YAML."""
