"""How long a large job takes on many workers: simulated from the times of shards that were measured."""
