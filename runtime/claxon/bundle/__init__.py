"""A bundle on disk: manifest, files, hashes, and what the files may contain."""
