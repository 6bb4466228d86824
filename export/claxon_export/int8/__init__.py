"""int8: calibration texts -> what each linear layer sees -> its quantised weights -> the int8 graph.

Weights are S8 with one scale a column, inputs U8: the pair that VNNI and AMX multiply. Neighbouring weights are small
enough in sum for processors that add products in 16 bits, so every processor computes the same. Inputs are quantised
with fixed scales, but for the feed-forward's second layer, which has a scale for each token. So nothing depends on the
batch.
"""

from claxon_export.int8.export import write_int8

__all__ = ["write_int8"]
