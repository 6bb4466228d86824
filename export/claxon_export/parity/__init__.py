"""The gate: source and bundle compared on real texts."""
