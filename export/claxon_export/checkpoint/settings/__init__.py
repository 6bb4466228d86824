"""Settings of a checkpoint: which keys are known, and what the files say of tokenizer and model."""
