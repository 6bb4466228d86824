"""``claxon demo``: a checkpoint from a package, exported and tried."""
