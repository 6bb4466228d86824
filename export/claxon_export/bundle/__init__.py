"""Bundles, written: whole folders, manifests, heads, model cards, signatures."""
