"""Labelled texts, and features kept between calls."""
