"""The commands that need nothing but the runtime; each module holds one, in a constant of its name."""
