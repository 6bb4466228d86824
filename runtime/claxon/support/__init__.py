"""Shared by all rooms: option checks, progress bars, threads, warning locations."""
