"""Pictures of an evaluation, by matplotlib: each module draws one kind."""
