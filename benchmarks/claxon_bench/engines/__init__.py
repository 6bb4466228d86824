"""Scripts that run by path in the environments of the peers; they know numpy and their peer, and nothing of Claxon."""
