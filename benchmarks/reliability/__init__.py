"""Campaigns against Claxon: faults by the thousand, seeded, each with its figure. ``python -m reliability --help``."""
