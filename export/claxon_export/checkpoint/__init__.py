"""A checkpoint, read: weights, tokenizer, pooling, labels, license."""
