"""Spark: ``claxon.spark.predict`` labels a column of a data frame; ``ship`` brings a bundle to every executor."""

from claxon.integrations.spark import predict, ship

__all__ = ["predict", "ship"]
