"""Claxon on an NVIDIA GPU: is it right, how fast is it, where does the time go, what to choose. ``make gpu-check``."""
