"""Labeled texts, and features kept between calls."""
