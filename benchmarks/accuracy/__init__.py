"""The published experiments, run again on real texts: how right Claxon is, and what speed costs."""
