"""The page that ``claxon evaluate --report`` writes."""
