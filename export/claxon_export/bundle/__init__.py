"""Writes bundles: folders, manifests, heads, model cards, signatures."""
