"""Writes a DistilBERT classifier of full size with random weights, to measure its speed without the published ones.

    .venv-peers/transformers/bin/python benchmarks/claxon_bench/random_classifier.py TOKENIZER OUT

``TOKENIZER`` is a folder with an English word-piece vocabulary, such as that of any DistilBERT checkpoint. Runs by
path, in an environment that has transformers. Its labels mean nothing; its speed is that of the published checkpoint.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

SEED = 0
LABELS = {0: "NEGATIVE", 1: "POSITIVE"}


def main(tokenizer_folder: str, out: str) -> None:
    """Write config, weights and tokenizer; the sizes are transformers' defaults, those of distilbert-base-uncased."""
    import torch
    import transformers

    torch.manual_seed(SEED)
    library: Any = transformers  # parts of it are typed, parts are not
    tokenizer = library.AutoTokenizer.from_pretrained(tokenizer_folder)
    config = library.DistilBertConfig(
        vocab_size=len(tokenizer), id2label=LABELS, label2id={label: i for i, label in LABELS.items()}
    )
    model = library.DistilBertForSequenceClassification(config)
    # As they begin, both logits are nearly equal for every text: labels would hang on the last bit.
    torch.nn.init.normal_(model.classifier.weight, std=1.0)
    Path(out).mkdir(parents=True)
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


if __name__ == "__main__":
    main(*sys.argv[1:3])
