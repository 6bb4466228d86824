"""fp16 for CUDA: the encoder's graph with float16 weights and CUDA's fused operators, and its check on the CPU.

No GPU is needed to write it or to check its numbers: the check rounds to float16 after every operator, as CUDA does.
"""

from claxon_export.fp16.export import write_fp16

__all__ = ["write_fp16"]
