"""Labelled texts -> a trained head."""
