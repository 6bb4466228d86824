"""The commands that make bundles and heads; each module holds one, in a constant of its name."""
