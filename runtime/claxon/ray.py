"""Ray: ``Predictor`` labels the batches of a Ray dataset; ``RayEngine`` runs a job's shards on a cluster."""

from claxon.integrations.ray import Predictor
from claxon.integrations.ray_executor import RayEngine

__all__ = ["Predictor", "RayEngine"]
