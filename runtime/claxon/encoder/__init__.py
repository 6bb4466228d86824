"""Texts to features: an encoder loaded from a bundle."""
