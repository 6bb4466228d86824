"""Labeled texts, and cached features."""
