"""``claxon demo``: exports a checkpoint from a package and tries it."""
