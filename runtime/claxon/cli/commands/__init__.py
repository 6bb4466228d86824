"""The commands of the runtime; each module has one, in a constant of its name."""
