"""Files that are written whole or not at all, locks, the cache folder, strict JSON and YAML."""
