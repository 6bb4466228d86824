"""Diagnostics of this machine and of a bundle, as data."""
