"""The commands that create bundles and heads; each module has one, in a constant of its name."""
