"""From label names to a trained head: the texts that similarity is surest of become its training texts."""
