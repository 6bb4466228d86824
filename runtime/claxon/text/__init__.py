"""Texts and tokens: checked, tokenized, truncated, cut into batches."""
