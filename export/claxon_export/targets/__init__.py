"""Heads of several labels a text, trained and judged; heads of numbers, judged."""
