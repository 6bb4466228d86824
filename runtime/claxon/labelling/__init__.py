"""Scores to the columns of a table."""
