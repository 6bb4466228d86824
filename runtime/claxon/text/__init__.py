"""Texts and tokens: checks, tokenization, truncation, batches."""
