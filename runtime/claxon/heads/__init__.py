"""Features to scores and labels."""
